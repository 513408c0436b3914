// PostGraphile 5 over Grafserv: `node postgraphile.mjs PORT`; PGHOST and its like name the database.

import { createServer } from "node:http";
import pg from "pg";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";

const pool = new pg.Pool({ max: 10 });

const preset = {
  extends: [PostGraphileAmberPreset],
  disablePlugins: ["PgIndexBehaviorsPlugin"], // it hides filters on columns without an index, such as draft
  pgServices: [makePgService({ pool, schemas: ["public"] })],
  grafast: { explain: false },
  grafserv: { graphiql: false, watch: false, maxRequestLength: 1_000_000 },
};

const server = createServer();
await postgraphile(preset).createServ(grafserv).addTo(server);
server.listen(Number(process.argv[2]), "127.0.0.1");
