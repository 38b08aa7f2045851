/** Two instances of the program on one PostgreSQL and behind one Mosquitto, of which one is killed. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import { describe, expect, it, onTestFinished } from "vitest";
import { has } from "../../../../tools/lib/probe.mjs";
import { startMosquitto } from "../../../../tools/services/mosquitto.ts";
import { startPostgres } from "../../../../tools/services/postgres.ts";
import { isthmusCloud, serve } from "../support/cli.ts";
import { DeviceClient, untilAnswered } from "../support/device-client.ts";
import { temporaryFolder } from "../support/folder.ts";
import { digitsModel, digitStream, parcel } from "../support/models.ts";

describe.skipIf(!has()["mosquitto"] || !has()["postgresql"])("two instances", () => {
  it("store each frame once, by MQTT and HTTP, though one of them is killed", async () => {
    const [postgres, mosquitto, folder, model] = await Promise.all([
      startPostgres(),
      startMosquitto(),
      temporaryFolder(),
      digitsModel(),
    ]);
    onTestFinished(() => Promise.all([postgres.stop(), mosquitto.stop()]).then(() => undefined));
    const url = postgres.createDatabase("isthmus");
    writeFileSync(join(folder, "digits.safetensors"), model.file);
    const secret = join(folder, "secret-of-all");
    writeFileSync(secret, "the secret of all instances");
    const shared = ["--database-url", url, "--secret-file", secret];
    const options = (name: string) => [
      ...shared,
      "--data",
      join(folder, name),
      "--workers",
      "1",
      "--log-level",
      "warn",
    ];
    const start = async (name: string) => {
      const served = await serve(...options(name), "--models", folder, "--mqtt", mosquitto.url, "--rate", "0");
      onTestFinished(() => void served.process.kill("SIGKILL"));
      return served;
    };
    const instances = [await start("one"), await start("two")];
    const tokenOf = async (role: string, name: string) =>
      (
        await isthmusCloud("token", ...shared, "--data", join(folder, "one"), "--role", role, "--name", name)
      ).stdout.trim();
    const token = await tokenOf("device", "camera-1");
    const reader = await tokenOf("reader", "ann");
    const frames: Uint8Array[] = [];
    for (let i = 0; i < 30; i++) frames.push(parcel("camera-1", i, await digitStream(model, i, i + 1)));
    const camera = await DeviceClient.connect(mosquitto.url, "camera-1");
    onTestFinished(() => camera.close());
    const send = async (from: number, to: number) => {
      for (const frame of frames.slice(from, to)) await untilAnswered(camera, frame, { token });
    };
    await send(0, 12);
    instances[0]!.process.kill("SIGKILL");
    expect(await instances[0]!.ended).toBe("SIGKILL");
    await send(10, 24);
    const again = await start("one");
    const byHttp = await fetch(`${again.url}/v1/frames`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/vnd.isthmus.parcels" },
      body: Buffer.concat(frames.slice(20)),
    });
    expect(((await byHttp.json()) as { results: { status: string }[] }).results.map(({ status }) => status)).toEqual(
      frames.slice(20).map((_, i) => (i < 4 ? "duplicate" : "stored")),
    );
    const database = new Client({ connectionString: url });
    await database.connect();
    const { rows } = await database.query("SELECT sequence::int FROM isthmus.frames ORDER BY sequence");
    await database.end();
    expect(rows.map(({ sequence }: { sequence: number }) => sequence)).toEqual(frames.map((_, i) => i));
    for (const { url: at } of [instances[1]!, again]) {
      const items = await fetch(`${at}/v1/devices/camera-1/items?limit=100`, {
        headers: { authorization: `Bearer ${reader}` },
      });
      const page = (await items.json()) as { frames: { items?: unknown[] }[] };
      expect(page.frames.map((frame) => frame.items?.length)).toEqual(frames.map(() => 1));
    }
    const metrics = await (await fetch(`${instances[1]!.url}/metrics`)).text();
    expect(metrics).toMatch(/^isthmus_mqtt_connected 1$/m);
    expect(metrics).toMatch(/^isthmus_mqtt_answers_total\{outcome="sent"\} [1-9]/m);
    for (const one of [instances[1]!, again]) {
      one.process.kill("SIGTERM");
      expect(await one.ended).toBe(0);
    }
  });
});
