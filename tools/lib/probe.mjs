import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Debian's interpreter: the one that apt's torch, numpy and onnx belong to. */
export const python = process.env.ISTHMUS_PYTHON ?? "/usr/bin/python3";

/** Where a Chromium is looked for; playwright's own download is never used. */
export const chromium = process.env.ISTHMUS_CHROMIUM ?? "/usr/bin/chromium";

/** Debian keeps it where only root looks. */
export const mosquitto = ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto"].find(existsSync) ?? "mosquitto";

/** The folder of the newest PostgreSQL's programs: Debian keeps them off the path. */
export const postgresPrograms = newestPostgres("/usr/lib/postgresql");

function newestPostgres(folder) {
  if (!existsSync(folder)) return undefined;
  const newestFirst = readdirSync(folder).sort((a, b) => Number(b) - Number(a));
  return newestFirst.map((version) => join(folder, version, "bin")).find((bin) => existsSync(join(bin, "postgres")));
}

const runs = (program, ...args) => spawnSync(program, args, { stdio: "ignore" }).error === undefined;

const module = (name, hint) => ({
  need: `python: ${name}`,
  key: name,
  find: () => spawnSync(python, ["-c", `import ${name}`], { stdio: "ignore" }).status === 0,
  hint,
});

/** What the full tier can use: need -> how it is found, and how to get it where it is missing. */
const needs = [
  { need: "chromium", key: "chromium", find: () => existsSync(chromium), hint: "apt-get install chromium" },
  { need: "python3", key: "python3", find: () => runs(python, "--version"), hint: "apt-get install python3" },
  module("torch", "apt-get install python3-torch"),
  module("numpy", "apt-get install python3-numpy"),
  module("scipy", "apt-get install python3-scipy"),
  module("onnx", "apt-get install python3-onnx"),
  module("PIL", "apt-get install python3-pil"),
  { need: "gcc", key: "gcc", find: () => runs("gcc", "--version"), hint: "apt-get install gcc" },
  {
    need: "OpenCV's DNN module",
    key: "opencv",
    find: () => existsSync("/usr/include/opencv4/opencv2/dnn.hpp") && runs("g++", "--version"),
    hint: "apt-get install g++ libopencv-dnn-dev",
  },
  { need: "Mosquitto", key: "mosquitto", find: () => runs(mosquitto, "-h"), hint: "apt-get install mosquitto" },
  {
    need: "PostgreSQL",
    key: "postgresql",
    find: () => postgresPrograms !== undefined,
    hint: "apt-get install postgresql",
  },
  { need: "openssl", key: "openssl", find: () => runs("openssl", "version"), hint: "apt-get install openssl" },
  {
    need: "systemd-analyze",
    key: "systemd",
    find: () => runs("systemd-analyze", "--version"),
    hint: "apt-get install systemd",
  },
  module("safetensors", "not packaged by Debian 12; pip install safetensors"),
];

const answers = new Map();

/** Each need is looked for once in a process. */
function found({ key, find }) {
  if (!answers.has(key)) answers.set(key, find());
  return answers.get(key);
}

/**
 * What this machine has, by key, e.g. `has().torch`; only what is asked for is looked for, since loading PyTorch takes seconds.
 * Tests call it through `tools/lib/probe.mjs` and skip by name what is not here.
 * @returns {Readonly<Record<string, boolean>>}
 */
export function has() {
  const getters = needs.map((need) => [need.key, { get: () => found(need), enumerable: true }]);
  return Object.defineProperties({}, Object.fromEntries(getters));
}

/** Lines for people: one per need. */
export function probeTable() {
  return needs.map(
    (need) =>
      `  ${need.need.padEnd(20)} ${found(need) ? "found" : `missing: tests that need it are skipped (${need.hint})`}`,
  );
}
