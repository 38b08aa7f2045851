import { spawn } from "node:child_process";
import { constants } from "node:os";
import { delimiter, join } from "node:path";
import { root } from "./paths.mjs";

/** An error whose message is all that a person needs; `run.mjs` prints it without a stack. */
export function expected(message) {
  return Object.assign(new Error(message), { expected: true });
}

/**
 * Runs a program with our own standard streams and resolves to its exit code (128 + n after signal n).
 * Ctrl-C reaches the whole foreground group by itself, so an interrupt is passed on only where there is no terminal.
 */
export function passThrough(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: "inherit", ...options });
    const forward = (signal) => {
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    };
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
    for (const signal of signals) process.on(signal, forward);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      for (const name of signals) process.off(name, forward);
      resolve(code ?? 128 + constants.signals[signal]);
    });
  });
}

/** Runs a program in silence; what it said comes back beside the exit code, `output` being both streams as they came. */
export function quietly(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
    const said = { output: "", stdout: "" };
    child.stdout.setEncoding("utf8").on("data", (text) => {
      said.output += text;
      said.stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text) => (said.output += text));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? 1, ...said }));
  });
}

/** The environment in which workspace binaries (`tsc`, `oxlint`, ...) are found by name. */
export const workspaceEnv = {
  ...process.env,
  PATH: [join(root, "node_modules", ".bin"), process.env.PATH].join(delimiter),
  DO_NOT_TRACK: "1",
  TURBO_TELEMETRY_DISABLED: "1",
};

/** `npm` as the beginning of a command line: the npm that started us, else the one on the path. */
export function npm() {
  const cli = process.env.npm_execpath;
  return cli?.endsWith("npm-cli.js") ? [process.execPath, cli] : ["npm"];
}
