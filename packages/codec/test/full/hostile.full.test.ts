/** A slice of what the soak tests try. */
import { hostileTests } from "../support/hostile.ts";

hostileTests(20_000);
