/** Settings of a source are tried before they are stored: what can't work is refused by name. */
import type { Source, SourceSettings } from '../../domain/source.ts';
import { invalid } from '../problems.ts';

/** A setting that is to blame. */
export interface SettingFault {
  /** JSON Pointer into the body that the caller wrote. */
  readonly pointer: string;
  /** A sentence; never a secret. */
  readonly reason: string;
}

export type SourceCheck = (source: Source) => SettingFault | undefined;

/** The source that these would make. */
export function candidate(
  tenant: number,
  settings: SourceSettings,
  secrets: readonly string[],
  credentials: Source['credentials'] = {},
): Source {
  return {
    ...settings,
    secrets,
    credentials,
    tenant,
    number: 0,
    id: '',
    token: '',
    status: 'active',
    lockedReason: null,
    createdAt: 0,
    updatedAt: 0,
  };
}

/** @throws Problem `validation_failed` naming the field. */
export function refuseFaulty(check: SourceCheck, source: Source): void {
  const fault = check(source);
  if (fault === undefined) return;
  throw invalid({ pointer: fault.pointer, code: 'invalid', detail: fault.reason });
}
