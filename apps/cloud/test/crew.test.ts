import { afterEach, expect, it } from "vitest";
import { Crew } from "../src/decode/crew.ts";
import { latentDecoder, streamCodec } from "@isthmus/compress";
import { digitsModel, digitStream, type TestModel } from "./support/models.ts";
import { FROM_SOURCE } from "./support/server.ts";

const crews: Crew[] = [];
afterEach(() => {
  for (const crew of crews.splice(0)) crew.close();
});

function crew(options: Partial<ConstructorParameters<typeof Crew>[0]> = {}): Crew {
  const made = new Crew({ workers: 1, execArgv: FROM_SOURCE, ...options });
  crews.push(made);
  return made;
}

it("ends a process that takes too long, and starts another", async () => {
  const { model, file, id } = await digitsModel();
  const { values } = latentDecoder(streamCodec(model))(await digitStream({ model, file, id }, 0, 1));
  const impatient = crew({ patienceMs: 1 });
  const task = () => impatient.do("decode", { latents: values, items: 1 }, { id, file: async () => file });
  const failed = { code: "DECODE_FAILED", message: expect.stringContaining("more than 1 ms") };
  await expect(task()).rejects.toMatchObject(failed);
  await expect(task()).rejects.toMatchObject(failed);
  const patient = crew();
  const decoded = await patient.do("decode", { latents: values, items: 1 }, { id, file: async () => file });
  expect(decoded.length).toBe(784);
});

it("tells whoever waits for a process that it died, and starts another", async () => {
  const mortal = crew({ execArgv: ["--import", "data:text/javascript,process.exit(1)"] });
  for (let i = 0; i < 2; i++) {
    await expect(mortal.do("inspect", { file: new Uint8Array(3) })).rejects.toMatchObject({
      code: "DECODE_FAILED",
      message: expect.stringContaining("its process ended"),
    });
  }
});

it("goes on with other tasks when one fails, and opens no more models than it keeps", async () => {
  const one = crew();
  const models: TestModel[] = [];
  for (let seed = 1; seed <= 10; seed++) models.push(await digitsModel(seed));
  const latents = new Float32Array(4);
  const decode = (index: number) => {
    const { id, file } = models[index]!;
    return one.do("decode", { latents, items: 1 }, { id, file: async () => file });
  };
  const first = await Promise.all(models.map((_, index) => decode(index)));
  await expect(one.do("inspect", { file: new Uint8Array(3) })).rejects.toMatchObject({ code: "SAFETENSORS_INVALID" });
  await expect(
    one.do("bundle", { quality: 3 }, { ...models[0]!, file: async () => models[0]!.file }),
  ).rejects.toMatchObject({
    code: "DEPLOY_ENCODER",
  });
  // The first were closed meanwhile, and are opened again.
  expect(await Promise.all(models.map((_, index) => decode(index)))).toEqual(first);
});

it("refuses tasks beyond those that may wait, and all when it is closed", async () => {
  const one = crew({ mostWaiting: 1 });
  const task = () => one.do("inspect", { file: new Uint8Array(3) });
  const results = [task(), task(), task()].map((result) => result.catch((error: { code: string }) => error.code));
  expect(await results[2]).toBe("OVERLOADED");
  one.close();
  expect(await Promise.all(results.slice(0, 2))).toEqual(["DECODE_FAILED", "DECODE_FAILED"]);
  await expect(task()).rejects.toMatchObject({ code: "DECODE_FAILED" });
});
