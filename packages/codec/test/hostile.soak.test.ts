/** Two and a half million hostile inputs, and what of the decoder they reach. `npm run fuzz` measures them. */
import { Session } from "node:inspector/promises";
import { expect, it } from "vitest";

const session = new Session();
session.connect();
await session.post("Profiler.enable");
await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
const { hostileTests } = await import("./support/hostile.ts");

/** Sources that read what comes from outside. */
const READERS = [
  ...["ans-stack", "bits-back", "bits-back-stream", "bits-back-tables", "crc16", "crc32c", "fixed-width", "fragments"],
  ...["frame", "inflate", "latent-payload", "latent-stream", "numbers", "packet", "pixel-coder", "rans", "scaled-cdf"],
  ...["session"],
];

hostileTests(200_000);

it("reaches every function of the readers that has a name", async () => {
  const { result } = await session.post("Profiler.takePreciseCoverage");
  const missed = READERS.flatMap((name) => {
    const script = result.find(({ url }) => url.includes(`codec/src/${name}.ts`));
    expect(script, name).toBeDefined();
    const never = script!.functions.filter(({ functionName, ranges }) => functionName && ranges[0]!.count === 0);
    return never.map(({ functionName }) => `${name}: ${functionName}`);
  });
  // It estimates a length, and reads nothing.
  expect(missed).toEqual(["rans: codeLengthBits"]);
});
