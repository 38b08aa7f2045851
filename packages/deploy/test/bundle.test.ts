// What devices write of a bundle is what the codec writes of the same symbols, on any kernels.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { decodeLatents, encodeLatents, joinSessions, readFrame, unpackTables } from "@isthmus/codec";
import {
  type Encoder,
  javascriptEncoder,
  javascriptExecutor,
  loadEncoder,
  readBundle,
  verifyBundle,
} from "@isthmus/edge";
import { planKernelBytes } from "@isthmus/kernels/plan";
import { GraphBuilder, modelHashes } from "@isthmus/graph";
import fc from "fast-check";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { bundleEncoder } from "../src/index.ts";
import { DIMS, modelOf, SIZE } from "./models.ts";
import { items, manyKinds } from "./networks.ts";
import { repaired } from "./repaired.ts";

const model = modelOf(manyKinds());
let bundle: Uint8Array<ArrayBuffer>;
let encoders: readonly Encoder[];

beforeAll(async () => {
  bundle = await bundleEncoder(model, { batches: [items(60, SIZE)], quality: 1 });
  const module = await WebAssembly.compile(planKernelBytes());
  encoders = [
    await loadEncoder(bundle, { kernels: "wasm" }),
    await loadEncoder(bundle, { wasm: module }),
    await loadEncoder(bundle, { kernels: "javascript" }),
    javascriptEncoder(bundle),
  ];
});

/** The symbols of items by the plan alone, and the stream that the codec makes of them. */
function expected(x: Float32Array): { symbols: Int32Array; stream: Uint8Array } {
  const { plan, tables, modelId } = readBundle(bundle);
  const { run } = javascriptExecutor(plan);
  const count = x.length / SIZE;
  const symbols = Int32Array.from(
    Array.from({ length: count }, (_, i) => [...run(x.subarray(i * SIZE, (i + 1) * SIZE))]).flat(),
  );
  const both = Array.from({ length: 2 }, () => tables).flat();
  return { symbols, stream: encodeLatents(symbols, { tables: both, qualities: 2, modelId, quality: 1 }) };
}

describe("an encoder of a bundle", () => {
  test.each([1, 2, 9])("writes what the codec writes of its symbols, on any kernels, of %i items", (count) => {
    const x = items(count, SIZE, 7);
    const { symbols, stream } = expected(x);
    for (const encoder of encoders) expect(encoder.encode(x)).toEqual(stream);
    const { tables, modelId } = readBundle(bundle);
    const both = { tables: [...tables, ...tables], qualities: 2, modelId };
    expect(decodeLatents(stream, both).symbols).toEqual(symbols);
    expect(stream.length).toBeLessThanOrEqual(encoders[0]!.maxBytes(count));
  });

  test("keeps nothing of a Buffer that it was read from", async () => {
    const given = Buffer.from(bundle);
    const made = [await loadEncoder(given, { kernels: "wasm" }), javascriptEncoder(given)];
    const read = readBundle(given);
    given.fill(0);
    expect(read).toEqual(readBundle(bundle));
    const x = items(1, SIZE, 7);
    for (const encoder of made) expect(encoder.encode(x)).toEqual(encoders[0]!.encode(x));
  });

  test("writes raw integers where tables do not fit, which any reader reads", () => {
    const far = items(3, SIZE, 5).map((value) => 40 * value);
    const { symbols } = expected(far);
    const { tables, modelId } = readBundle(bundle);
    for (const encoder of encoders) {
      const stream = encoder.encode(far);
      expect(readFrame(stream).coding).toBe("raw");
      expect(decodeLatents(stream, { tables: [...tables, ...tables], qualities: 2, modelId }).symbols).toEqual(symbols);
    }
  });

  test("is of the model's quality, and says which model it is of", () => {
    const { id, encoder, tables, decoder } = modelHashes(model);
    const read = readBundle(bundle);
    const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
    expect(read.modelId).toEqual(id);
    expect(Object.values(read.hashes).map(hex)).toEqual([encoder, tables, decoder]);
    expect(read.quality).toBe(1);
    expect(read.tables).toEqual(unpackTables(model.coding!.tables).slice(DIMS));
    expect(encoders.map(({ kernels }) => kernels)).toEqual(["wasm", "wasm", "javascript", "javascript"]);
    for (const { itemLength, dims, quality, modelId } of encoders) {
      expect({ itemLength, dims, quality, modelId }).toEqual({ itemLength: SIZE, dims: DIMS, quality: 1, modelId: id });
    }
  });

  test("writes into memory of the caller's, and says where it does not fit", () => {
    const x = items(2, SIZE, 7);
    const { stream } = expected(x);
    for (const encoder of encoders) {
      const into = new Uint8Array(stream.length + 20).fill(7);
      expect(encoder.encodeInto(x, into, 10)).toBe(stream.length);
      expect(into.subarray(10, 10 + stream.length)).toEqual(stream);
      expect([...into.subarray(0, 10), ...into.subarray(10 + stream.length)]).toEqual(new Array(20).fill(7));
      expect(() => encoder.encodeInto(x, new Uint8Array(stream.length - 1))).toThrow(RangeError);
    }
  });

  test.each<[string, ArrayLike<number>]>([
    ["no item", []],
    ["less than an item", new Float32Array(SIZE - 1)],
    ["one and a half", new Float32Array(1.5 * SIZE)],
    ["what is not finite", new Float32Array(SIZE).fill(Number.NaN)],
  ])("refuses %s", (_, samples) => {
    for (const encoder of encoders) expect(() => encoder.encode(samples)).toThrow(RangeError);
  });

  test("takes bytes for b / 255 where the model has no units of its own", () => {
    const bytes = Uint8Array.from({ length: SIZE }, (_, i) => (i * 31) & 255);
    for (const encoder of encoders) {
      expect(encoder.encode(bytes)).toEqual(encoder.encode(Float32Array.from(bytes, (byte) => byte / 255)));
    }
  });

  test("streams, and a slow sink holds the source", async () => {
    const chunks = 20;
    const x = items(1, SIZE, 7);
    const counts = { pulled: 0, written: 0 };
    let release = (): void => {};
    const source = new ReadableStream<Float32Array>(
      { pull: (to) => (counts.pulled++ < chunks ? to.enqueue(x) : to.close()) },
      { highWaterMark: 0 },
    );
    const sink = new WritableStream<Uint8Array>({
      write: (stream) => {
        expect(stream).toEqual(expected(x).stream);
        counts.written++;
        return new Promise<void>((resolve) => (release = resolve));
      },
    });
    const done = source.pipeThrough(encoders[0]!.stream()).pipeTo(sink);
    for (let written = 1; written <= chunks; written++) {
      // Streams go on in microtasks alone: behind some turns of the loop nothing moves until the sink is released.
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
      expect(counts.written).toBe(written);
      // One is with the sink; the transform may hold one, and one on either side of it waits.
      expect(counts.pulled).toBeLessThanOrEqual(written + 3);
      release();
    }
    await done;
    expect(counts).toEqual({ pulled: chunks + 1, written: chunks });
  });

  test("speaks in packets, which a receiver takes for the same symbols", () => {
    const { tables, modelId } = readBundle(bundle);
    const x = items(4, SIZE, 8);
    for (const encoder of encoders) {
      const session = encoder.openSession({ session: 3, maxPacketBytes: 51 });
      const receiver = joinSessions({ models: [{ tables: [...tables, ...tables], qualities: 2, modelId }] });
      expect(receiver.receive(session.hello())).toMatchObject([{ kind: "hello", quality: 1, dims: DIMS }]);
      const events = session.encode(x).flatMap((packet) => receiver.receive(packet));
      expect(events).toMatchObject([{ kind: "latents", items: 4, symbols: expected(x).symbols }]);
    }
  });
});

test("the kernels are inline, a module, bytes, or fetched from a URL", async () => {
  const bytes = planKernelBytes();
  const server = createServer((request, response) => {
    response.writeHead(request.url === "/plan.wasm" ? 200 : 404);
    response.end(request.url === "/plan.wasm" ? bytes : "");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const at = (path: string): URL => new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/${path}`);
  const gone = at("plan.wasm");
  const x = items(2, SIZE, 7);
  try {
    for (const kernels of ["inline", new WebAssembly.Module(bytes), bytes, at("plan.wasm")] as const) {
      const encoder = await loadEncoder(bundle, { wasm: kernels });
      expect(encoder.kernels).toBe("wasm");
      expect(encoder.encode(x)).toEqual(expected(x).stream);
    }
    await expect(loadEncoder(bundle, { wasm: at("nothing.wasm") })).rejects.toMatchObject({
      code: "WASM_FETCH",
      message: expect.stringContaining("nothing.wasm: status 404"),
    });
  } finally {
    server.closeAllConnections();
    server.close();
  }
  await expect(loadEncoder(bundle, { wasm: gone })).rejects.toMatchObject({ code: "WASM_FETCH" });
});

test("a bundle that WebAssembly has no memory for is read by plain JavaScript", async () => {
  const full = vi.spyOn(WebAssembly.Memory.prototype, "grow").mockImplementation(() => {
    throw new RangeError("Maximum memory size exceeded");
  });
  try {
    const encoder = await loadEncoder(bundle);
    const x = items(2, SIZE, 7);
    expect(encoder.kernels).toBe("javascript");
    expect(encoder.encode(x)).toEqual(expected(x).stream);
  } finally {
    full.mockRestore();
  }
});

test("samples are in the units of the model's data", async () => {
  const units = { stored: [9, 8, 3], shape: [9, 8, 3], offset: 20, scale: 4 };
  const data = {
    ...{ version: 1, item: { kind: "array", ...units }, reading: { missing: "mean", fills: [21] } },
    ...{ writing: { type: "f32" }, source: {} },
  };
  const described = await bundleEncoder(modelOf(manyKinds(), data as never), {
    batches: [items(60, SIZE)],
    quality: 1,
  });
  const x = Float32Array.from(items(2, SIZE, 7), (value) => Math.round(value * 1024) / 1024);
  const samples = Float64Array.from(x, (value) => 4 * value + 20);
  const encoder = javascriptEncoder(described);
  const body = (stream: Uint8Array) => stream.subarray(30);
  expect(body(encoder.encode(samples))).toEqual(body(encoders[0]!.encode(x)));
  samples[5] = Number.NaN;
  x[5] = 0.25;
  expect(body(encoder.encode(samples))).toEqual(body(encoders[0]!.encode(x)));
});

test("a bundle holds nothing of the decoder but its hash", async () => {
  const other = { ...model, parameters: { ...model.parameters } };
  other.parameters["back.kernel"] = { shape: [DIMS, SIZE], data: new Float32Array(DIMS * SIZE).fill(3) };
  const changed = await bundleEncoder(other, { batches: [items(60, SIZE)], quality: 1 });
  const [a, b] = [readBundle(bundle), readBundle(changed)];
  expect(b.plan).toEqual(a.plan);
  expect(b.tables).toEqual(a.tables);
  expect(b.hashes.encoder).toEqual(a.hashes.encoder);
  expect(b.hashes.decoder).not.toEqual(a.hashes.decoder);
  expect(changed.length).toBe(bundle.length);
  const { model: head = 0, ...rest } = a.sections;
  expect(head).toBe(104);
  const sections = Object.values(rest).reduce((sum, length) => sum + length, 0);
  expect(changed.subarray(-sections)).toEqual(bundle.subarray(-sections));
});

test("a bundle is the same bytes each time, and is small", async () => {
  expect(await bundleEncoder(model, { batches: [items(60, SIZE)], quality: 1 })).toEqual(bundle);
  expect(await verifyBundle(bundle)).toBe(true);
});

test.each([-1, 2, 0.5])("quality %f is refused", async (quality) => {
  await expect(bundleEncoder(model, { batches: [items(2, SIZE)], quality })).rejects.toThrow(/"quality" expected/);
});

test("a model without tables is refused", async () => {
  const { kind, config, encoder, decoder, parameters, provenance, metrics } = model;
  const bare = { kind, config, encoder, decoder, parameters, provenance, metrics };
  await expect(bundleEncoder(bare, { batches: [items(2, SIZE)] })).rejects.toMatchObject({ code: "MODEL_NO_CODING" });
});

test("an encoder that takes more than items is refused", async () => {
  const { parameters } = model;
  const build = new GraphBuilder();
  const [x, label] = [build.input("x", ["batch", DIMS]), build.input("label", ["batch", DIMS])];
  const program = build.program({ outputs: { z: build.add(x, label) } });
  await expect(bundleEncoder(modelOf({ program, parameters }), { batches: [] })).rejects.toThrow(/one input/);
});

describe("a hostile bundle", () => {
  const codes = /^(BUNDLE_(TRUNCATED|MAGIC|VERSION|LIMIT|CRC|INVALID|HASH)|TABLE_INVALID|PLAN_(VERSION|INVALID))$/;
  const refused = async (bytes: Uint8Array): Promise<void> => {
    const [read, loaded] = await Promise.allSettled([
      Promise.resolve().then(() => javascriptEncoder(bytes)),
      loadEncoder(bytes, { kernels: "javascript" }),
    ]);
    expect(loaded).toMatchObject({
      status: "rejected",
      reason: { name: "IsthmusError", code: expect.stringMatching(codes) },
    });
    if (read.status === "rejected") expect(read.reason).toMatchObject({ code: expect.stringMatching(codes) });
  };

  test("is refused when it is cut anywhere", async () => {
    for (let length = 0; length < bundle.length; length += length < 400 ? 1 : 97)
      await refused(bundle.subarray(0, length));
  });

  test("is refused when a bit of it is another", async () => {
    for (let bit = 0; bit < 8 * bundle.length; bit += bit < 2400 ? 5 : 1013) {
      const bytes = bundle.slice();
      bytes[bit >>> 3]! ^= 1 << (bit & 7);
      await refused(bytes);
    }
  });

  test("with sums that hold throws nothing but errors of its own, or runs", () => {
    const limits = { memoryBytes: 2 ** 20, products: 2 ** 22 };
    let ran = 0;
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: 1200 }), fc.oneof(fc.constantFrom(0, 1, 127, 128, 255), fc.nat(255))), {
          minLength: 1,
          maxLength: 3,
        }),
        (changes) => {
          const bytes = bundle.slice();
          for (const [at, value] of changes) if (at < 3 || at > 7) bytes[at] = value;
          bytes[3] = bundle[3]!;
          try {
            javascriptEncoder(repaired(bytes), limits).encode(new Float32Array(SIZE));
            ran++;
          } catch (error) {
            if (error instanceof RangeError && /samples|not finite|finite number/.test(error.message)) return;
            expect(error).toMatchObject({ name: "IsthmusError", code: expect.stringMatching(codes) });
          }
        },
      ),
      { numRuns: 1500, seed: 9 },
    );
    expect(ran).toBeGreaterThan(50);
  });
});
