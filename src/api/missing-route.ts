/** Tells a path that does not exist (404) from a method that it does not know (405). */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { sendProblem } from './problem-reply.ts';
import { Problem } from './problems.ts';
import type { Api } from './route-types.ts';

interface KnownPath {
  readonly matches: RegExp;
  readonly methods: Set<string>;
}

/** Before any route: it learns of routes as they are added. */
export function registerMissingRoute(app: Api): void {
  const paths = new Map<string, KnownPath>();
  app.addHook('onRoute', ({ url, method }) => {
    const known = paths.get(url) ?? { matches: patternOf(url), methods: new Set<string>() };
    for (const name of [method].flat()) known.methods.add(name);
    paths.set(url, known);
  });
  app.setNotFoundHandler((request: FastifyRequest, reply: FastifyReply) => {
    const [path = ''] = request.url.split('?', 1);
    const known = [...paths.values()].filter(({ matches }) => matches.test(path));
    const methods = new Set(known.flatMap((entry) => [...entry.methods]));
    return sendProblem(reply, methods.size > 0 ? wrongMethod(request, methods) : noRoute(request));
  });
}

function patternOf(url: string): RegExp {
  const escaped = url.replace(/[.+^$()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`^${escaped.replace(/:\w+/g, '[^/]+').replace('*', '.*')}$`);
}

function wrongMethod({ method }: FastifyRequest, methods: ReadonlySet<string>): Problem {
  const allow = [...methods].toSorted().join(', ');
  return new Problem('method_not_allowed', `${method} is not one of ${allow}.`, {
    headers: { allow },
  });
}

function noRoute({ method }: FastifyRequest): Problem {
  return new Problem('route_not_found', `Nothing is served for ${method} at this path.`);
}
