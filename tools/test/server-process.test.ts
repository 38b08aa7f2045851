import { describe, expect, it } from "vitest";
import { ServerProcess } from "../services/server-process.ts";

const script = (code: string, ready = /serving at (\d+)/, notYet?: RegExp): ServerProcess =>
  new ServerProcess({ program: process.execPath, args: ["-e", code], ready, ...(notYet && { notYet }) });

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe("a server's process", () => {
  it("serves when it says so, on either stream, and tells what it said", async () => {
    for (const stream of ["stdout", "stderr"]) {
      const server = script(`process.${stream}.write("warning\\nserving at 4711\\n"); setInterval(() => {}, 1000);`);
      await server.start();
      expect([server.readyWith[1], server.said]).toEqual(["4711", "warning\nserving at 4711\n"]);
      await server.kill();
      expect(server.pid).toBeUndefined();
    }
  });

  it("is gone when it was killed, and can be started again", async () => {
    const server = script(`process.on("SIGTERM", () => {}); console.log("serving at 1"); setInterval(() => {}, 1000);`);
    await server.start();
    const first = server.pid!;
    await server.restart();
    expect([isAlive(first), isAlive(server.pid!)]).toEqual([false, true]);
    await server.kill();
  });

  it("tells the code with which it went when it was asked to", async () => {
    const server = script(
      `process.on("SIGTERM", () => process.exit(3)); console.log("serving at 1"); setInterval(() => {}, 1000);`,
    );
    await server.start();
    expect(await server.stop()).toBe(3);
  });

  it("is an error with what it said when it ends instead, unless its predecessor was only not quite gone", async () => {
    await expect(script(`console.error("no disk"); process.exit(7)`).start()).rejects.toThrow(/code 7: no disk/);
    const second = `Date.now() % 5 === 0 ? (console.log("serving at 1"), setInterval(() => {}, 1000)) : console.log("in use")`;
    const server = script(second, /serving at (\d+)/, /in use/);
    await server.start();
    expect(server.readyWith[1]).toBe("1");
    await server.kill();
  });
});
