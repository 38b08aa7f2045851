import { UsageError } from "@isthmus/command-line/node";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { brokerOf, clientIdOf } from "../src/mqtt/broker.ts";
import { temporaryFolder } from "./support/folder.ts";

it("reads a broker's URL, with what is encoded in it", () => {
  expect(brokerOf("mqtt://broker.example")).toEqual({
    name: "mqtt://broker.example:1883",
    options: { protocol: "mqtt", host: "broker.example", port: 1883 },
  });
  expect(brokerOf("mqtts://a%40b:p%2F%3A%20w@[::1]:9000/")).toEqual({
    name: "mqtts://[::1]:9000",
    options: { protocol: "mqtts", host: "::1", port: 9000, username: "a@b", password: "p/: w" },
  });
});

it("reads the files of TLS", async () => {
  const folder = await temporaryFolder();
  const files = Object.fromEntries(["ca", "cert", "key"].map((name) => [name, join(folder, name)]));
  for (const [name, file] of Object.entries(files)) writeFileSync(file, `PEM of ${name}`);
  const { options } = brokerOf("mqtts://broker", files);
  expect(options).toMatchObject({
    protocol: "mqtts",
    port: 8883,
    ca: Buffer.from("PEM of ca"),
    cert: Buffer.from("PEM of cert"),
    key: Buffer.from("PEM of key"),
  });
});

it.each([
  ["what is no URL", "me:hunter2@broker", {}, "a broker is mqtt[s]://"],
  ["another scheme", "http://me:hunter2@broker", {}, "a broker is mqtt[s]://"],
  ["no host", "mqtt://", {}, "a broker is mqtt[s]://"],
  ["a path", "mqtt://me:hunter2@broker/topic", {}, "a broker is mqtt[s]://"],
  ["a query", "mqtt://me:hunter2@broker?clientId=x", {}, "a broker is mqtt[s]://"],
  ["files without TLS", "mqtt://broker", { ca: "ca.pem" }, "ca is for mqtts://"],
  ["a certificate without a key", "mqtts://broker", { cert: "c.pem" }, "go together"],
  ["a file that is not there", "mqtts://broker", { ca: "/nowhere/ca.pem" }, "/nowhere/ca.pem"],
])("refuses %s, without repeating a password", (_, url, files, told) => {
  const read = () => brokerOf(url, files);
  expect(read).toThrow(UsageError);
  expect(read).toThrow(told);
  expect(read).not.toThrow("hunter2");
});

it("names an instance by its data folder, the same each time, in 23 letters and digits", () => {
  expect(clientIdOf("/data/a")).toMatch(/^[a-z0-9]{23}$/);
  expect(clientIdOf("/data/a")).toBe(clientIdOf("/data/b/../a"));
  expect(clientIdOf("/data/a")).not.toBe(clientIdOf("/data/b"));
});
