/** The limit of any decoding on onnxruntime: a decoder run again and again. `{batch, seconds}` a line in, `{items, seconds}` a line out. */
import { createInterface } from "node:readline";
import { InferenceSession, Tensor } from "onnxruntime-node";

const say = (message: object): boolean => process.stdout.write(`${JSON.stringify(message)}\n`);

const [file, dims] = process.argv.slice(2) as [string, string];
const session = await InferenceSession.create(file, { intraOpNumThreads: 1, interOpNumThreads: 1 });
const input = session.inputNames[0]!;

async function loop(batch: number, seconds: number): Promise<{ items: number; seconds: number }> {
  const z = new Tensor("float32", new Float32Array(batch * Number(dims)).fill(0.25), [batch, Number(dims)]);
  const started = performance.now();
  let items = 0;
  while (performance.now() - started < 1000 * seconds) {
    await session.run({ [input]: z });
    items += batch;
  }
  return { items, seconds: (performance.now() - started) / 1000 };
}

await loop(1, 0.1);
say({ ready: true });
for await (const line of createInterface({ input: process.stdin })) {
  const { batch, seconds } = JSON.parse(line) as { batch: number; seconds: number };
  say(await loop(batch, seconds));
}
