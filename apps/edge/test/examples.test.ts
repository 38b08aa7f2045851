import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseConfig } from "../src/config/read-config.ts";

const read = (name: string): string => readFileSync(new URL(`../${name}`, import.meta.url), "utf8");
const configs = readdirSync(new URL("../examples", import.meta.url)).filter((name) => name.endsWith(".toml"));

/** The values of a key in a unit file. */
function unit(key: string): string[] {
  return [...read("examples/isthmus-edge.service").matchAll(new RegExp(`^${key}=(.*)$`, "gm"))].map(
    ([, value]) => value!,
  );
}

test.each(configs)("examples/%s is right", (name) => {
  expect(() => parseConfig(`/etc/isthmus/${name}`, read(`examples/${name}`))).not.toThrow();
});

test("the configuration in the README is right", () => {
  const [block] = [...read("README.md").matchAll(/```toml\n([\s\S]*?)```/g)].map(([, text]) => text!);
  expect(parseConfig("/etc/isthmus/edge.toml", block!)).toMatchObject({
    device: "pump-7",
    source: { kind: "file", stride: 128 },
  });
});

describe("the systemd unit", () => {
  const sensor = parseConfig("/etc/isthmus/edge.toml", read("examples/sensor.toml"));

  test("runs a command of the agent, with a state folder and a token that the configuration has", () => {
    const [start] = unit("ExecStart");
    expect(start).toBe("/usr/bin/isthmus-edge run --config /etc/isthmus/edge.toml");
    const manifest = JSON.parse(read("package.json")) as { bin: Record<string, string> };
    expect(Object.keys(manifest.bin)).toEqual(["isthmus-edge"]);
    expect(sensor.state).toBe(`/var/lib/${unit("StateDirectory")[0]}`);
    const [name] = unit("LoadCredential")[0]!.split(":");
    expect(sensor.send.token.file).toBe(`/run/credentials/isthmus-edge.service/${name}`);
  });

  test("reloads by the signal that the agent listens to, and leaves it time to end", () => {
    expect(unit("ExecReload")).toEqual(["/bin/kill -HUP $MAINPID"]);
    expect(read("src/main.ts")).toContain(`process.on("SIGHUP", reload)`);
    const farewell = Number(/FAREWELL_MS = ([\d_]+)/.exec(read("src/agent.ts"))![1]!.replace("_", ""));
    expect(1000 * Number(unit("TimeoutStopSec")[0])).toBeGreaterThan(2 * farewell);
  });
});

test("the container runs the agent as another than root, with the state folder as a volume", () => {
  const file = read("examples/Containerfile");
  const manifest = JSON.parse(read("package.json")) as { name: string; engines: { node: string } };
  expect(file).toContain(`npm install --global --omit=dev ${manifest.name}`);
  expect(file).toMatch(/^USER node$/m);
  expect(/^VOLUME (.*)$/m.exec(file)![1]).toBe(parseConfig("/x", read("examples/sensor.toml")).state);
  expect(JSON.parse(/^CMD (\[.*\])$/m.exec(file)![1]!)).toEqual(["run", "--config", "/etc/isthmus/edge.toml"]);
  expect(Number(/node:(\d+)/.exec(file)![1])).toBeGreaterThanOrEqual(20);
});
