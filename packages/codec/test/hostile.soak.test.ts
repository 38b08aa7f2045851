/** Three and a half million hostile inputs. */
import { hostileTests } from "./support/hostile.ts";

hostileTests(500_000);
