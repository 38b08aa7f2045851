#!/usr/bin/env node
// The one door to the repository: `node tools/run.mjs <command> [args]`, what every npm script calls.
// Plain JavaScript without dependencies: it runs before anything is installed, and on old Nodes only to say no.

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`Isthmus needs Node 20.19 or newer; this is Node ${process.versions.node}.\n`);
  process.exit(1);
}

import("./lib/commands.mjs")
  .then(({ run }) => run(process.argv[2], process.argv.slice(3)))
  .then(
    (code) => {
      process.exitCode = code;
    },
    (error) => {
      process.stderr.write(`${error.expected ? error.message : error.stack}\n`);
      process.exitCode = 1;
    },
  );
