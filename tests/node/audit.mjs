// Runs every server audit of graphql-http against the address in the first argument, and prints JSON:
// [{id, name, status: "ok" | "warn" | "error", reason}]

import { serverAudits } from "graphql-http";

const audits = serverAudits({ url: process.argv[2] });
const results = [];
for (const audit of audits) {
  const result = await audit.fn();
  results.push({ id: audit.id, name: audit.name, status: result.status, reason: result.reason ?? null });
}
console.log(JSON.stringify(results));
