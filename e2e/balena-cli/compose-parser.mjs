#!/usr/bin/env node
// Stands in for the program of @balena/compose-parser, which that package downloads from a release page when it is
// installed and no registry has: same arguments, and as output what Docker Compose makes of the files with the same library.
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const files = process.argv.slice(2, -1);
const project = process.argv.at(-1);
const compose = join(import.meta.dirname, "docker-compose");
const { status, stdout, stderr } = spawnSync(compose, [...files, "-p", project, "config", "--format", "json"], {
  encoding: "utf8",
});
if (status === 0) process.stdout.write(stdout);
else {
  process.stderr.write(`${JSON.stringify({ error: true, name: "ParseError", message: stderr.trim() })}\n`);
  process.exit(1);
}
