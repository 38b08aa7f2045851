/** Lists of codes of TensorProto.DataType, as operators' forms want them. */
import { BOOL, FLOAT, FLOAT16, INT64 } from "../data-types.ts";

/** float16, float32, float64. */
export const floats: readonly number[] = [FLOAT16, FLOAT, 11];
export const floatsAndBrain: readonly number[] = [...floats, 16];
export const signed: readonly number[] = [3, 5, 6, INT64];
const unsigned: readonly number[] = [2, 4, 12, 13];
export const numeric: readonly number[] = [...floatsAndBrain, ...signed, ...unsigned];
/** Without the integers of 8 and 16 bits. */
export const wide: readonly number[] = [...floatsAndBrain, 6, INT64, 12, 13];
/** All that operator set 13 knows: text and complex numbers too. */
export const anything: readonly number[] = [...numeric, 8, BOOL, 14, 15];
export const indices: readonly number[] = [6, INT64];
/** float8 of operator set 19. */
export const floats8: readonly number[] = [17, 18, 19, 20];
/** uint4 and int4 of operator set 21. */
export const nibbles: readonly number[] = [21, 22];
/** float8 and integers of 4 bits: types that weights are stored in. */
export const narrow: readonly number[] = [...floats8, ...nibbles];
