/** The tables as Kysely sees them; rows of both stores stand in `sql/`, README.md explains them. */
import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type Generated,
} from 'kysely';
import type {
  TenantRow,
  SubscriptionRow,
  SourceRow,
  ApiKeyRow,
  EventTypeRow,
} from '../sql/tables.ts';

/** Those of the control plane; the journal's statements are written by hand. */
interface Tables {
  tenant: TenantRow & { number: Generated<number> };
  subscription: SubscriptionRow;
  source: SourceRow;
  api_key: ApiKeyRow & { number: Generated<number> };
  event_type: EventTypeRow;
  catalogue_settings: { id: number; settings: string };
}

/** Builds SQL text and nothing else: the queries run through `connection.ts`. */
export const query = new Kysely<Tables>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
});
