import { IsthmusError } from "@isthmus/math";

/** What `call` throws; fails when it does not throw an IsthmusError. */
export async function isthmusError(call: () => unknown): Promise<IsthmusError> {
  try {
    await call();
  } catch (error) {
    if (error instanceof IsthmusError) return error;
    throw error;
  }
  throw new Error("expected an IsthmusError, nothing was thrown");
}
