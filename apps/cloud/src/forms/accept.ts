/** What an `Accept` header asks for: the first of these media types in its own order of preference, or undefined for none of them. */
export function preferred(accept: string | undefined, types: readonly string[]): string | undefined {
  if (accept === undefined || accept.trim() === "") return types[0];
  const ranges = accept.split(",").flatMap((text) => {
    const [range = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
    const quality = Number(parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? 1);
    return Number.isNaN(quality) ? [] : [{ range, quality }];
  });
  const qualityOf = (type: string): number => {
    const fits = [type, `${type.split("/")[0]}/*`, "*/*"];
    const found = fits.map((fit) => ranges.find(({ range }) => range === fit)).find((range) => range);
    return found?.quality ?? 0;
  };
  const best = types.reduce((one, other) => (qualityOf(other) > qualityOf(one) ? other : one));
  return qualityOf(best) > 0 ? best : undefined;
}
