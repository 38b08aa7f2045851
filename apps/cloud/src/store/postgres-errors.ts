import { constants } from "node:os";
import { IsthmusError } from "@isthmus/math";
import { DatabaseError } from "pg";
import { storeUnavailable } from "./store-unavailable.ts";

/**
 * SQLSTATEs, by how they begin, of a database that cannot do it now but will: connections, rollbacks of deadlocks, resources, objects in use, an operator's
 * hand, the machine below, a standby that takes no writes, and the server's own trouble.
 */
const passing = ["08", "40", "53", "55", "57", "58", "25006", "XX"];
/** Of a database that will not have us, however long we wait: passwords, no such database, rights. */
const refusing = ["28", "3D", "42501"];

const isOf = (beginnings: readonly string[], { code }: DatabaseError): boolean =>
  code !== undefined && beginnings.some((beginning) => code.startsWith(beginning));

/** Whether it may go well later. */
export function isPassing(error: unknown): boolean {
  if (error instanceof DatabaseError) return isOf(passing, error);
  return isFromOutside(error) && !isRefusal(error);
}

/** What the driver throws without a SQLSTATE is the network's: refused, reset, timed out. */
const isFromOutside = (error: unknown): error is Error =>
  error instanceof Error && !(error instanceof TypeError || error instanceof IsthmusError);

/** Certificates have codes that are no system's errors; a password that is missing is told in words only. */
function isRefusal(error: Error): boolean {
  const { code } = error as NodeJS.ErrnoException;
  const isSystems = code === undefined || code in constants.errno || /^(ENOTFOUND|EAI_\w+)$/.test(code);
  return !isSystems || error.message.startsWith("SASL");
}

/** What a store's caller is told: `STORE_UNAVAILABLE` for what passes, `STORE_REFUSED` for what an operator must mend; the error itself where it is our fault. */
export function storeError(error: unknown): unknown {
  if (isPassing(error)) return storeUnavailable("the database cannot be reached", error);
  const refuses = error instanceof DatabaseError ? isOf(refusing, error) : isFromOutside(error);
  if (!refuses) return error;
  return new IsthmusError(
    "STORE_REFUSED",
    `the database refuses us: ${(error as Error).message}`,
    {},
    { cause: error },
  );
}
