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

function pythonHas(module) {
  return spawnSync(python, ["-c", `import ${module}`], { stdio: "ignore" }).status === 0;
}

/**
 * What the full tier can use on this machine: need -> found, and how to get it where it is missing.
 * Tests call it through `tools/lib/probe.mjs` and skip by name what is not here.
 */
export function probe() {
  const module = (name, hint) => ({ need: `python: ${name}`, key: name, found: pythonHas(name), hint });
  return [
    { need: "chromium", key: "chromium", found: existsSync(chromium), hint: "apt-get install chromium" },
    {
      need: "python3",
      key: "python3",
      found: spawnSync(python, ["--version"]).status === 0,
      hint: "apt-get install python3",
    },
    module("torch", "apt-get install python3-torch"),
    module("numpy", "apt-get install python3-numpy"),
    module("scipy", "apt-get install python3-scipy"),
    module("onnx", "apt-get install python3-onnx"),
    module("PIL", "apt-get install python3-pil"),
    { need: "gcc", key: "gcc", found: runs("gcc", "--version"), hint: "apt-get install gcc" },
    {
      need: "OpenCV's DNN module",
      key: "opencv",
      found: existsSync("/usr/include/opencv4/opencv2/dnn.hpp") && spawnSync("g++", ["--version"]).status === 0,
      hint: "apt-get install g++ libopencv-dnn-dev",
    },
    { need: "Mosquitto", key: "mosquitto", found: runs(mosquitto, "-h"), hint: "apt-get install mosquitto" },
    {
      need: "PostgreSQL",
      key: "postgresql",
      found: postgresPrograms !== undefined,
      hint: "apt-get install postgresql",
    },
    { need: "openssl", key: "openssl", found: runs("openssl", "version"), hint: "apt-get install openssl" },
    {
      need: "systemd-analyze",
      key: "systemd",
      found: runs("systemd-analyze", "--version"),
      hint: "apt-get install systemd",
    },
    module("safetensors", "not packaged by Debian 12; pip install safetensors"),
  ];
}

/** The same as a record, e.g. `has().torch`. */
export function has() {
  return Object.fromEntries(probe().map(({ key, found }) => [key, found]));
}

/** Lines for people: one per need. */
export function probeTable() {
  return probe().map(
    ({ need, found, hint }) =>
      `  ${need.padEnd(20)} ${found ? "found" : `missing: tests that need it are skipped (${hint})`}`,
  );
}
