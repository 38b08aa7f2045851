import { UsageError } from "@isthmus/command-line/node";
import { Command } from "commander";
import { Registry } from "prom-client";
import { pino } from "pino";
import { expect, it } from "vitest";
import { Tokens } from "../src/auth/tokens.ts";
import { type MqttOptions, startMqtt, withMqttOptions } from "../src/mqtt/mqtt-options.ts";

const tokens = new Tokens(Buffer.from("the secret of the service"), { generation: async () => 0 });

function parsed(...args: readonly string[]): MqttOptions {
  return withMqttOptions(new Command()).exitOverride().parse(args, { from: "user" }).opts();
}

/** Starts with what the command line says, on top of nothing. */
async function start(args: readonly string[], { open = false } = {}) {
  const parts = { ingest: { accept: () => Promise.resolve([]) }, metrics: { registry: new Registry() } };
  const service = { ...parts, tokens: open ? undefined : tokens, log: pino({ level: "silent" }) };
  return await startMqtt({ ...parsed(...args), data: "/data" }, service as unknown as Parameters<typeof startMqtt>[1]);
}

it("has no broker unless one is named", async () => {
  expect(await start([])).toBeUndefined();
});

it.each([
  [["--mqtt", "https://broker"], "a broker is mqtt[s]://"],
  [["--mqtt-ca", "ca.pem"], "--mqtt-ca is for --mqtt, which is missing"],
  [["--mqtt", "mqtt://127.0.0.1", "--mqtt-cert", "c.pem"], "cert is for mqtts://"],
])("tells what is wrong with %j", async (args, told) => {
  await expect(start(args)).rejects.toThrow(UsageError);
  await expect(start(args)).rejects.toThrow(told);
});

it("believes whoever the broker lets in on this machine only", async () => {
  await expect(start(["--mqtt", "mqtt://broker.example"], { open: true })).rejects.toThrow("loopback");
  const bridge = await start(["--mqtt", "mqtt://127.0.0.1:9"], { open: true });
  await bridge!.close();
});

it.each([
  ["--mqtt-max-body", "63"],
  ["--mqtt-in-flight", "0"],
  ["--mqtt-in-flight", "65536"],
])("refuses %s %s", (option, value) => {
  const command = withMqttOptions(new Command())
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  expect(() => command.parse([option, value], { from: "user" })).toThrow("whole number");
});
