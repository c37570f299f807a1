#!/usr/bin/env node
// The compiler of package.json as the program that forge expects: `--version`, and `--standard-json` from
// standard input. Other arguments (include paths) change nothing, because forge puts all sources into the input.
'use strict';

const fs = require('fs');
const solc = require('solc');

const args = process.argv.slice(2);
if (args.includes('--version')) {
  const version = solc.version().replace(/\.Emscripten\.clang$/, '');
  process.stdout.write(`solc, the solidity compiler commandline interface\nVersion: ${version}\n`);
} else if (args.includes('--standard-json')) {
  process.stdout.write(solc.compile(fs.readFileSync(0, 'utf8')));
} else {
  process.stderr.write('accepted: --version, or --standard-json with the input on standard input\n');
  process.exit(1);
}
