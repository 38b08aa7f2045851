import { type IntegerPlan, loadExecutor } from "@isthmus/edge";

/** A plan as text can hold it. */
export type PlainPlan = Omit<IntegerPlan, "constants"> & { readonly constants: readonly number[] };

/** What a platform makes of items by a plan, on either kernels. */
export async function runPlan(
  { constants, ...others }: PlainPlan,
  items: readonly (readonly number[])[],
): Promise<{ readonly wasm: readonly number[][]; readonly javascript: readonly number[][] }> {
  const plan = { ...others, constants: Uint8Array.from(constants) };
  const by = async (kernels: "wasm" | "javascript"): Promise<number[][]> => {
    const executor = await loadExecutor(plan, { kernels });
    return items.map((item) => [...executor.run(Uint8Array.from(item))]);
  };
  return { wasm: await by("wasm"), javascript: await by("javascript") };
}
