/** A process of clients, at one place of the network. Takes orders from its parent (orders.ts). */
import { endWithParent } from '../../../src/adapters/system/end-with-parent.ts';
import { OrderTaker } from './order-taker.ts';
import type { Envelope, Order, Report } from './orders.ts';

const taker = new OrderTaker();

endWithParent();
process.on('disconnect', () => process.exit(0));
process.on('message', (order: Envelope<Order>) => {
  void taker
    .obey(order.content)
    .then((report) => process.send?.({ id: order.id, content: report } satisfies Envelope<Report>));
});
