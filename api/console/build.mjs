// Builds the console into dist/: hashed files, each also compressed, and manifest.json, which names them.
//
// The workers come first, each one file by itself, since the main bundle must know their hashed names. The
// result is made beside node_modules and moved to dist/ at the end, so that a server never sees half of it.

import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

import { build } from "esbuild";

const OUT = "node_modules/.achene-build";
const WORKERS = {
  editor: "monaco-editor/esm/vs/editor/editor.worker.js",
  json: "monaco-editor/esm/vs/language/json/json.worker.js",
  graphql: "monaco-graphql/esm/graphql.worker.js",
};
const COMPRESSED = new Set([".js", ".css", ".svg", ".ttf"]);
const COMMON = {
  bundle: true,
  minify: true,
  metafile: true,
  outdir: OUT,
  target: "es2022",
  legalComments: "none",
  logLevel: "warning",
  entryNames: "[name]-[hash]",
  chunkNames: "part-[hash]",
  assetNames: "[name]-[hash]",
  define: { "process.env.NODE_ENV": '"production"' },
};

// GraphiQL's own stylesheet has Monaco's in it; a second copy for each of Monaco's modules is left out.
const withoutMonacoStyles = {
  name: "without-monaco-styles",
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]monaco-editor[\\/].*\.css$/ }, () => ({ contents: "", loader: "css" }));
  },
};

function fileOf(result, entryPoint) {
  const outputs = Object.entries(result.metafile.outputs);
  const [path, output] = outputs.find(([, each]) => each.entryPoint?.endsWith(entryPoint));
  return { script: basename(path), style: output.cssBundle && basename(output.cssBundle) };
}

function buildWorker([label, path]) {
  return build({ ...COMMON, entryPoints: { [`worker-${label}`]: path }, format: "iife" });
}

function buildPage(workers) {
  return build({
    ...COMMON,
    entryPoints: { console: "src/main.jsx" },
    format: "esm",
    splitting: true,
    jsx: "automatic",
    loader: { ".ttf": "file", ".woff2": "file" },
    plugins: [withoutMonacoStyles],
    define: { ...COMMON.define, WORKER_FILES: JSON.stringify(workers) },
  });
}

// The licences of all that is in the bundles, which ask to come along with it.
async function writeLicences(results) {
  const inputs = results.flatMap(({ metafile }) => Object.keys(metafile.inputs));
  const folders = new Set(inputs.map((path) => path.match(/^.*node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0]).filter(Boolean));
  const texts = [];
  for (const folder of [...folders].sort()) {
    const { name, version, license } = JSON.parse(await readFile(join(folder, "package.json")));
    const file = (await readdir(folder)).find((each) => /^licen[cs]e(\.(md|txt))?$/i.test(each));
    const text = file ? await readFile(join(folder, file), "utf8") : "";
    texts.push(`${name} ${version} (${license})\n\n${text.trim()}\n`);
  }
  await writeFile(join(OUT, "licences.txt"), texts.join(`\n${"-".repeat(80)}\n\n`));
}

async function compress(name) {
  const bytes = await readFile(join(OUT, name));
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };
  await writeFile(join(OUT, `${name}.br`), await promisify(brotliCompress)(bytes, quality));
  await writeFile(join(OUT, `${name}.gz`), await promisify(gzip)(bytes, { level: 9 }));
}

// The same digest as api/console/build.py makes: which sources a build came from.
async function sourceDigest() {
  const names = ["build.mjs", "package-lock.json", "package.json"];
  for (const folder of ["src", "static"]) {
    for (const each of await readdir(folder)) names.push(`${folder}/${each}`);
  }
  const digest = createHash("sha256");
  for (const name of names.sort()) digest.update(`${name}\0`).update(await readFile(name)).update("\0");
  return digest.digest("hex");
}

await rm(OUT, { recursive: true, force: true });
await mkdir(OUT, { recursive: true });
const workers = await Promise.all(Object.entries(WORKERS).map(buildWorker));
const files = Object.entries(WORKERS).map(([label, path], at) => [label, fileOf(workers[at], path).script]);
const page = await buildPage(Object.fromEntries(files));
const { script, style } = fileOf(page, "src/main.jsx");
await writeLicences([...workers, page]);
for (const name of await readdir(OUT)) {
  if (COMPRESSED.has(extname(name))) await compress(name);
}
await writeFile(join(OUT, "manifest.json"), JSON.stringify({ source: await sourceDigest(), script, style }));
await rm("dist", { recursive: true, force: true });
await rename(OUT, "dist");
