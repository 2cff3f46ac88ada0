/** A broker destination as it runs in the server, led through a proxy, for tests of one kind. */
import { connect } from 'node:net';
import type { TestContext } from 'node:test';
import type { DestinationSpec } from '../../domain/destination.ts';
import { ThinLinks } from '../../domain/thin-link.ts';
import { parseAllowTargets } from '../../egress/allow-targets.ts';
import { createEgress } from '../../egress/egress.ts';
import { systemClock } from '../../runtime/system.ts';
import { ScriptedTransformer } from '../../testing/scripted-transformer.ts';
import { startTcpProxy, type TcpProxy } from '../../testing/tcp-proxy.ts';
import type { BrokerAdapter } from '../broker/adapter.ts';
import { BrokerDestination } from '../broker/broker-destination.ts';

export interface BrokerParts<Spec extends DestinationSpec> {
  readonly proxy: TcpProxy;
  readonly destination: BrokerDestination<Spec>;
  /** What went wrong without anybody having an explanation for it. */
  readonly errors: readonly unknown[];
}

export async function openBroker<Spec extends DestinationSpec>(
  t: TestContext,
  adapter: BrokerAdapter<Spec>,
  port: number,
): Promise<BrokerParts<Spec>> {
  const proxy = await startTcpProxy({ port });
  const egress = createEgress({
    allowTargets: parseAllowTargets('127.0.0.1/32:*'),
    allowHttp: false,
    clock: systemClock,
  });
  const errors: unknown[] = [];
  const destination = new BrokerDestination(adapter, {
    guard: egress.brokers,
    clock: systemClock,
    transformer: new ScriptedTransformer(),
    payloads: { publicUrl: () => 'https://bellwire.example.com', links: new ThinLinks([]) },
    onError: (error) => errors.push(error),
  });
  t.after(async () => {
    await proxy.heal();
    await destination.close();
    await proxy.close();
    await egress.close();
  });
  return { proxy, destination, errors };
}

/** Why a server can't be tested against, or undefined when something listens there. */
export async function whyAbsent(name: string, port: number): Promise<string | undefined> {
  const socket = connect({ host: '127.0.0.1', port });
  const isThere = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
  });
  socket.destroy();
  return isThere ? undefined : `no ${name} listens on 127.0.0.1:${port}`;
}
