// The C header writes what the runtime in WebAssembly writes: compiled strictly, with the sanitizers, and for Cortex-M.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SessionOptions } from "@isthmus/codec";
import { type Encoder, loadEncoder, readBundle } from "@isthmus/edge";
import { conv2d, conv2dTranspose, dense, elementCount, type Model } from "@isthmus/graph";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundleEncoder, type CHeader, cHeader } from "../src/index.ts";
import { DIMS, modelOf, SIZE } from "./models.ts";
import { items, manyKinds, networkOf } from "./networks.ts";

const MOST = 24;
const STRICT = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-O2"];
const folder = mkdtempSync(join(tmpdir(), "isthmus-c-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The package that a missing program is in; `undefined` where all are there. */
function lacking(programs: Readonly<Record<string, string>>): string | undefined {
  return Object.entries(programs).find(([program]) => spawnSync(program, ["--version"]).error)?.[1];
}

function run(program: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd: folder, encoding: "utf8" });
  expect({ error, status, stderr }, [program, ...args].join(" ")).toMatchObject({ error: undefined, status: 0 });
  return stdout;
}

const DATA = {
  ...{ version: 1, item: { kind: "array", stored: [9, 8, 3], shape: [9, 8, 3], offset: 20, scale: 4 } },
  ...{ reading: { missing: "mean", fills: [21] }, writing: { type: "f32" }, source: {} },
} as unknown as NonNullable<Model["data"]>;

/** Pixels a stride apart, and slopes below 0. */
const transposed = networkOf([9, 8, 3], (build, x) => {
  const small = conv2d(build, x, {
    name: "small",
    filters: 4,
    window: 3,
    strides: 3,
    padding: "same",
    activation: "relu",
  });
  const large = conv2dTranspose(build, small, {
    name: "large",
    filters: 3,
    window: [3, 4],
    strides: 2,
    padding: "same",
  });
  const leaky = build.maximum(large, build.mul(large, build.scalar(0.2)));
  const flat = build.reshape(leaky, ["batch", elementCount(leaky.shape.slice(1))]);
  return { mu: dense(build, flat, { name: "mu", units: DIMS }) };
});

const models = {
  transposed: modelOf(transposed),
  relu: modelOf(manyKinds("relu")),
  tables: modelOf(manyKinds("tanh")),
  units: modelOf(manyKinds("sigmoid"), DATA),
} as const;
type Kind = keyof typeof models;
const kinds = Object.keys(models) as Kind[];
const headers = {} as Record<Kind, CHeader>;

/** A program that encodes samples and compares every byte with what WebAssembly made of them; it ends with 0 where all agree. */
async function programOf(kind: Kind): Promise<string> {
  const bundle = await bundleEncoder(models[kind], { batches: [items(60, SIZE)], quality: 1 });
  headers[kind] = cHeader(readBundle(bundle), { maxItems: MOST });
  writeFileSync(join(folder, `${kind}.h`), headers[kind].text);
  const encoder = await loadEncoder(bundle, { kernels: "wasm" });
  // Items like those of calibration; some far away, which are escaped, then written raw; in steps that halves are among.
  const floats = [1, 2, 3, MOST, 1, 1, 2].map((count, i) =>
    items(count, SIZE, i + 10).map((x) => {
      const scaled = [x, x, 3 * x - 1, x, 400 * x - 200, 7 * x, Math.round(64 * x) / 64][i]!;
      return Math.fround(kind === "units" ? 4 * scaled + 20 : scaled);
    }),
  );
  if (kind === "units") floats[1]![7] = Number.NaN;
  const bytes = [1, MOST].map((count) =>
    Uint8Array.from({ length: count * SIZE }, (_, i) => (i * i * 7 + 13 * i) & 255),
  );
  const cases = [
    ...floats.map((samples) => ({ samples, type: "float", call: "isthmus_encode" })),
    ...bytes.map((samples) => ({ samples, type: "uint8_t", call: "isthmus_encode_bytes" })),
  ];
  const text = (value: number, type: string): string =>
    Number.isNaN(value) ? "(0.0f / 0.0f)" : type === "float" ? `(float)${value}` : String(value);
  const blocks = cases.map(({ samples, type, call }, i) => {
    const expected = encoder.encode(samples);
    return `static const ${type} s${i}[] = {${Array.from(samples, (value) => text(value, type)).join(",")}};
static const uint8_t e${i}[] = {${expected.join(",")}};
static int c${i}(void) {
  size_t length = ${call}(s${i}, ${samples.length / SIZE}, out, sizeof out);
  if (length != sizeof e${i}) return 0;
  for (size_t k = 0; k < length; k++) if (out[k] != e${i}[k]) return 0;
  if (${call}(s${i}, ${samples.length / SIZE}, out, length - 1) != 0) return 0;
  return ${call}(s${i}, ${samples.length / SIZE}, out, length) == length;
}`;
  });
  const sessions = links.map((link, k) => sessionOf(encoder, cases, link, k));
  return `#define ISTHMUS_SESSIONS
#define ISTHMUS_IMPLEMENTATION
#include "${kind}.h"
static uint8_t out[ISTHMUS_MAX_BYTES];
${blocks.join("\n")}
static uint8_t packet[300];
static size_t at, which;
static int is_next(size_t length, const uint8_t *expected, const uint16_t *lengths) {
  if (length != lengths[which++]) return 0;
  for (size_t k = 0; k < length; k++) if (packet[k] != expected[at++]) return 0;
  return 1;
}
${sessions.join("\n")}
int main(void) {
  static isthmus_session none;
  if (isthmus_session_open(&none, 0, 0, 51, 0) || isthmus_session_open(&none, 1, 0, 39, 0)) return 102;
  if (!isthmus_session_open(&none, 1, 0, 51, 0) || isthmus_session_packet(&none, packet, sizeof packet) != 0) return 103;
  if (isthmus_session_encode(&none, s0, 0) != 0 || isthmus_session_packet(&none, packet, sizeof packet) != 0) return 104;
  if (isthmus_session_hello(&none, packet, 12) != 0 || isthmus_session_encode(&none, s0, 1) == 0) return 105;
  if (isthmus_session_packet(&none, packet, 50) != 0) return 106;
  static float wrong[ISTHMUS_SAMPLES];
  wrong[3] = 1.0f / 0.0f;
  if (isthmus_encode(wrong, 1, out, sizeof out) != 0) return 100;
  if (isthmus_encode(s0, 0, out, sizeof out) != 0 || isthmus_encode(s3, ${MOST + 1}, out, sizeof out) != 0) return 101;
${cases.map((_, i) => `  if (!c${i}()) return ${i + 1};`).join("\n")}
${links.map((_, k) => `  if (!session${k}()) return ${k + 110};`).join("\n")}
  return 0;
}
`;
}

interface Case {
  readonly samples: Float32Array | Uint8Array;
  readonly call: string;
}

/** How packets are cut; the sequence of the second goes over its end. */
const links = [
  { session: 1 },
  { session: 255, firstSequence: 65_530, maxPacketBytes: 40, parity: true },
  { session: 9, maxPacketBytes: 300, parity: true },
] as const;

/** A function that sends all cases over a link and compares every packet with what the encoder's own session makes. */
function sessionOf(encoder: Encoder, cases: readonly Case[], link: (typeof links)[number], k: number): string {
  const session = encoder.openSession(link);
  const { firstSequence = 0, maxPacketBytes = 51, parity = false } = { ...link } as SessionOptions;
  const packets = [session.hello()];
  const lines = cases.map(({ samples, call }, i) => {
    const made = session.encode(samples);
    packets.push(...made);
    if (i % 3 === 0) packets.push(session.hello());
    const encode = call.replace("isthmus_encode", "isthmus_session_encode");
    return `  if (${encode}(&s, s${i}, ${samples.length / SIZE}) != ${made.length}) return 0;
  while ((length = isthmus_session_packet(&s, packet, sizeof packet)) > 0) if (!is_next(length, e, l)) return 0;
${i % 3 === 0 ? "  if (!is_next(isthmus_session_hello(&s, packet, sizeof packet), e, l)) return 0;" : ""}`;
  });
  const kinds = new Set(packets.map(([first]) => first! & 3));
  // Data, fragments and hellos; parity where it is asked for. In packets of 300 nothing is cut.
  expect(kinds).toEqual(new Set(maxPacketBytes === 300 ? [0, 3] : parity ? [0, 1, 2, 3] : [0, 1, 3]));
  return `static int session${k}(void) {
  static const uint8_t e[] = {${packets.map((packet) => packet.join(",")).join(",")}};
  static const uint16_t l[] = {${packets.map(({ length }) => length).join(",")}};
  static isthmus_session s;
  size_t length;
  at = which = 0;
  if (!isthmus_session_open(&s, ${link.session}, ${firstSequence}, ${maxPacketBytes}, ${parity ? 1 : 0})) return 0;
  if (!is_next(isthmus_session_hello(&s, packet, sizeof packet), e, l)) return 0;
${lines.join("\n")}
  return which == ${packets.length} && at == sizeof e;
}`;
}

beforeAll(async () => {
  for (const kind of kinds) writeFileSync(join(folder, `${kind}.c`), await programOf(kind));
}, 120_000);

const host = lacking({ gcc: "gcc" });
const arm = lacking({ "arm-none-eabi-gcc": "gcc-arm-none-eabi", "qemu-system-arm": "qemu-system-arm" });

describe.skipIf(host)(`every byte as in WebAssembly${host ? ` (apt: ${host} is missing)` : ""}`, () => {
  test.each(kinds)("compiled without a warning: %s", (kind) => {
    run("gcc", [...STRICT, `${kind}.c`, "-o", `${kind}.out`]);
    run(join(folder, `${kind}.out`), []);
  });

  test.each(kinds)("with the sanitizers of addresses and undefined behaviour: %s", (kind) => {
    const sanitizers = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
    run("gcc", [...STRICT, "-g", ...sanitizers, `${kind}.c`, "-o", `${kind}.sane`]);
    run(join(folder, `${kind}.sane`), []);
  });
});

describe.skipIf(arm)(`every byte on an Arm${arm ? ` (apt: ${arm} is missing)` : ""}`, () => {
  const M = { "cortex-m3": ["-mcpu=cortex-m3", "-mthumb"], "cortex-m4": ["-mcpu=cortex-m4", "-mthumb"] } as const;
  const machines = { "cortex-m3": "mps2-an385", "cortex-m4": "mps2-an386" } as const;

  // The board begins with the stack and the first instruction that lie at address 0; newlib's rdimon ends the emulator with main's result.
  beforeAll(() => {
    const vectors = "{(void *)0x00300000, (void *)_start}";
    const section = '__attribute__((section(".vectors"), used))';
    const text = `extern void _start(void);\n${section} static void *const vectors[] = ${vectors};\n`;
    writeFileSync(join(folder, "start.c"), text);
  });
  test.each(kinds.flatMap((kind) => Object.keys(M).map((cpu) => [kind, cpu as keyof typeof M] as const)))(
    "%s on %s",
    (kind, cpu) => {
      const out = `${kind}-${cpu}.elf`;
      run("arm-none-eabi-gcc", [...STRICT, ...M[cpu], "-c", `${kind}.c`, "-o", "main.o"]);
      const link = ["--specs=rdimon.specs", "-Wl,--section-start=.vectors=0"];
      run("arm-none-eabi-gcc", [...M[cpu], ...link, "start.c", "main.o", "-o", out]);
      const quiet = ["-display", "none", "-monitor", "none", "-serial", "none"];
      const board = ["-M", machines[cpu], ...quiet, "-semihosting-config", "enable=on,target=native"];
      run("timeout", ["60", "qemu-system-arm", ...board, "-kernel", out]);
    },
  );

  test.each(kinds.flatMap((kind) => [false, true].map((withSessions) => [kind, withSessions] as const)))(
    "takes the memory that is told: %s, sessions: %s",
    (kind, withSessions) => {
      const sessions = withSessions ? "#define ISTHMUS_SESSIONS\n" : "";
      writeFileSync(join(folder, "alone.c"), `${sessions}#define ISTHMUS_IMPLEMENTATION\n#include "${kind}.h"\n`);
      run("arm-none-eabi-gcc", [...STRICT, "-Os", ...M["cortex-m3"], "-c", "alone.c", "-o", "alone.o"]);
      const sections = run("arm-none-eabi-size", ["-A", "alone.o"]);
      const size = (name: RegExp): number =>
        [...sections.matchAll(name)].reduce((sum, [, bytes]) => sum + Number(bytes), 0);
      const { flashBytes, ramBytes, sessions: more } = headers[kind];
      const told = withSessions
        ? { flash: flashBytes + more.flashBytes, ram: ramBytes + more.ramBytes }
        : { flash: flashBytes, ram: ramBytes };
      expect(size(/^\.(?:data|bss)\S*\s+(\d+)/gm)).toBe(told.ram);
      // Constants may be folded into code, or filled up to multiples of 8; code itself comes on top.
      const flash = size(/^\.(?:text|rodata)\S*\s+(\d+)/gm);
      expect(flash).toBeGreaterThan(0.9 * told.flash);
      expect(flash - told.flash).toBeLessThan(8192);
    },
  );
});
