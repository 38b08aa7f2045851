/** What an OpenAPI document says of the routes, as far as it takes to ask for them. */

export interface Route {
  readonly method: string;
  /** With `{name}` where parameters go. */
  readonly path: string;
  /** Names of the parameters in the query. */
  readonly query: readonly string[];
  /** Media types of the body. */
  readonly bodies: readonly string[];
  /** Media types of answers. */
  readonly answers: readonly string[];
}

export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

interface Operation {
  readonly parameters?: readonly { readonly in: string; readonly name: string }[];
  readonly requestBody?: { readonly content?: object };
  readonly responses?: Readonly<Record<string, { readonly content?: object }>>;
}

const METHODS = ["get", "put", "post", "delete", "patch", "head", "options"];

export function routesOf(document: OpenApi): Route[] {
  return Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations)
      .filter(([method]) => METHODS.includes(method))
      .map(([method, { parameters = [], requestBody, responses = {} }]) => ({
        method: method.toUpperCase(),
        path,
        query: parameters.filter((one) => one.in === "query").map(({ name }) => name),
        bodies: Object.keys(requestBody?.content ?? {}),
        answers: Object.values(responses).flatMap(({ content = {} }) => Object.keys(content)),
      })),
  );
}
