import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Ledger } from './ledger.ts';

describe('ledger', () => {
  it('waits for accepted events until they arrive, in either order', () => {
    const ledger = new Ledger(100);
    const [early, late] = [ledger.open(false), ledger.open(false)];
    assert.equal(ledger.arrived(early), 'first');
    ledger.accepted(early);
    ledger.accepted(late);
    assert.equal(ledger.outstanding, 1);
    assert.equal(ledger.arrived(late), 'first');
    assert.equal(ledger.outstanding, 0);
    assert.equal(ledger.unique, 2);
  });

  it('counts a second arrival as a duplicate, not as an event', () => {
    const ledger = new Ledger(0);
    const seq = ledger.open(false);
    ledger.accepted(seq);
    ledger.arrived(seq);
    assert.equal(ledger.arrived(seq), 'duplicate');
    assert.deepEqual([ledger.unique, ledger.duplicates, ledger.outstanding], [1, 1, 0]);
  });

  it('does not wait for excluded events', () => {
    const ledger = new Ledger(0);
    const seq = ledger.open(true);
    ledger.accepted(seq);
    assert.equal(ledger.outstanding, 0);
    assert.equal(ledger.arrived(seq), 'excluded');
    assert.equal(ledger.unique, 0);
  });

  it('leaves arrivals of other runs out', () => {
    const ledger = new Ledger(10);
    ledger.open(false);
    assert.equal(ledger.arrived(9), 'stray');
    assert.equal(ledger.arrived(11), 'stray');
    assert.equal(ledger.unique, 0);
  });

  it('grows beyond its first size without forgetting', () => {
    const ledger = new Ledger(0);
    for (let i = 0; i < 70_000; i++) ledger.accepted(ledger.open(false));
    assert.equal(ledger.outstanding, 70_000);
    assert.equal(ledger.arrived(3), 'first');
    assert.equal(ledger.arrived(69_999), 'first');
    assert.equal(ledger.outstanding, 69_998);
    assert.equal(ledger.next, 70_000);
  });
});
