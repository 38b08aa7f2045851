import { EventEmitter, once } from "node:events";
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterEach, expect, it } from "vitest";
import { stoppedBySignals } from "../src/node.ts";

// What only a process of its own shows: real pipes and signals.

const TALKER = fileURLToPath(new URL("support/talker.ts", import.meta.url));
const children: ChildProcessWithoutNullStreams[] = [];
afterEach(() => children.splice(0).forEach((child) => child.kill("SIGKILL")));

/** One that talks already, and so hears signals. */
async function talker(): Promise<ChildProcessWithoutNullStreams> {
  const flags = ["--import", import.meta.resolve("tsx"), "--conditions=@isthmus/source"];
  const child = spawn(process.execPath, [...flags, TALKER]);
  children.push(child);
  await once(child.stdout.setEncoding("utf8"), "data");
  return child;
}

it("goes on when its reader has gone, and ends in no error", async () => {
  const child = await talker();
  const unheard = once(child.stderr.setEncoding("utf8"), "data");
  child.stdout.destroy();
  expect(await unheard).toEqual(["EPIPE\n"]);
  const said = once(child.stderr, "data");
  child.kill("SIGINT");
  expect(await said).toEqual(["Error: enough\n"]);
  child.stdin.end();
  expect(await once(child, "close")).toEqual([0, null]);
});

it.each(["SIGINT", "SIGTERM"] as const)("%s asks it to stop, and ends it when it comes again", async (signal) => {
  const child = await talker();
  const said = once(child.stderr.setEncoding("utf8"), "data");
  child.kill(signal);
  expect(await said).toEqual(["Error: enough\n"]);
  expect(child.exitCode).toBeNull();
  child.kill(signal);
  expect(await once(child, "close")).toEqual([null, signal]);
});

it("leaves signals alone until a command asks", () => {
  const heard = new EventEmitter();
  const stoppable = stoppedBySignals(heard as unknown as NodeJS.Process);
  expect(heard.eventNames()).toEqual([]);
  const signal = stoppable();
  heard.emit("SIGTERM");
  expect(signal.reason).toMatchObject({ name: "AbortError" });
  expect(heard.listenerCount("SIGTERM")).toBe(0);
});
