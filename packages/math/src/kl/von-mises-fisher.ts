import type { VonMisesFisher } from "../distributions/von-mises-fisher.ts";
import { times } from "../distributions/support.ts";
import type { MathOps } from "../math-ops.ts";
import { notNegative } from "./infinity.ts";

/**
 * KL between von Mises and Fisher's distributions on one sphere, in nats: [..., dimensions] -> [...].
 *
 * With psi(k) = log I_v(k) - v log k, v = dimensions / 2 - 1, and its slope A(k) = I_(v+1)(k) / I_v(k), it is
 *
 *     k_q A(k_p) |mu_p - mu_q|^2 / 2 + psi(k_q) - psi(k_p) - (k_q - k_p) A(k_p)
 *
 * since 1 - mu_p mu_q is |mu_p - mu_q|^2 / 2 for unit vectors.
 */
export function klVonMisesFisher<T>(ops: MathOps<T>, p: VonMisesFisher<T>, q: VonMisesFisher<T>): T {
  const order = (ops.shape(p.meanDirection).at(-1) as number) / 2 - 1;
  const logBessel = (k: T, v: number) => ops.logBesselI(ops.scalar(v), k);
  const psi = (k: T) => ops.sub(logBessel(k, order), times(ops, order, ops.log(k)));
  const [kp, kq] = [p.concentration, q.concentration];
  const slope = ops.exp(ops.sub(logBessel(kp, order + 1), logBessel(kp, order)));
  const squares = ops.sum(ops.square(ops.sub(p.meanDirection, q.meanDirection)), { axes: [-1] });
  const directions = times(ops, 0.5, ops.mul(ops.mul(kq, slope), squares));
  const lengths = ops.sub(ops.sub(psi(kq), psi(kp)), ops.mul(ops.sub(kq, kp), slope));
  return ops.add(directions, notNegative(ops, lengths));
}
