/** A shape in its own frame, y downwards, within the unit circle: whether a point lies in it, and its area. */
export interface SpriteShape {
  readonly name: string;
  readonly contains: (x: number, y: number) => boolean;
  /** In units of the frame. */
  readonly area: number;
}

/** Half a side of the square whose corners lie on the unit circle. */
const HALF = Math.SQRT1_2;
const [ELLIPSE_X, ELLIPSE_Y] = [0.5, 1] as const;
/** About the point (0, 0.225) the heart's curve reaches 1.2653 far. */
const [HEART_SCALE, HEART_SHIFT] = [1.266, 0.225] as const;

/**
 * A square, an ellipse half as wide as high, and the heart (x^2 + y^2 - 1)^3 < x^2 y^3. None looks the same after less than
 * a quarter turn.
 */
export const SPRITE_SHAPES: readonly SpriteShape[] = [
  { name: "square", contains: (x, y) => x > -HALF && x < HALF && y > -HALF && y < HALF, area: 2 },
  {
    name: "ellipse",
    contains: (x, y) => (x / ELLIPSE_X) * (x / ELLIPSE_X) + (y / ELLIPSE_Y) * (y / ELLIPSE_Y) < 1,
    area: Math.PI * ELLIPSE_X * ELLIPSE_Y,
  },
  {
    name: "heart",
    contains: (x, y) => {
      const u = x * HEART_SCALE;
      const v = HEART_SHIFT - y * HEART_SCALE;
      const w = u * u + v * v - 1;
      return w * w * w < u * u * v * v * v;
    },
    // 3.662 is the area within the curve, by quadrature.
    area: 3.662 / (HEART_SCALE * HEART_SCALE),
  },
];
