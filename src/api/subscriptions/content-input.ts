/** From filter, transform and payload format as a caller wrote them to settings. */
import type {
  FilterDocument,
  Subscription,
  SubscriptionSettings,
} from '../../domain/subscription.ts';
import type { Transformer } from '../../transform/port.ts';
import { transformProblem } from '../content/transform-problem.ts';
import { invalid } from '../problems.ts';
import type { ChangeSubscriptionInput } from './subscription-schema.ts';

type Content = Pick<SubscriptionSettings, 'filter' | 'transform' | 'payloadFormat'>;

/** @throws Problem when the choices do not go together. */
export function changedContent(current: Content, input: ChangeSubscriptionInput): Content {
  const content: Content = {
    // The schema has compiled it, which only objects survive.
    filter: input.filter === undefined ? current.filter : (input.filter as FilterDocument | null),
    transform: input.transform === undefined ? current.transform : input.transform,
    payloadFormat: input.payload_format ?? current.payloadFormat,
  };
  if (content.payloadFormat !== 'thin' || content.transform === null) return content;
  throw invalid({
    pointer: input.transform === undefined ? '/payload_format' : '/transform',
    code: 'conflicting_field',
    detail: 'a thin payload holds nothing that a transform could change',
  });
}

/**
 * Compiles a transform that is new.
 *
 * @throws Problem `validation_failed` with the place, `unavailable` when it could not be tried.
 */
export async function checkTransform(
  transformer: Transformer,
  tenant: number,
  current: Pick<Subscription, 'transform'> | null,
  wanted: Content,
): Promise<void> {
  const { transform } = wanted;
  if (transform === null || transform === current?.transform) return;
  const failure = await transformer.check(tenant, transform);
  if (failure !== undefined) throw transformProblem(failure);
}
