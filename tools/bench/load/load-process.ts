import { postOrders, type LoadTask } from './load';

/** Takes one task from its parent, does it, tells what came of it, and ends; also where its parent is gone. */
process.once('message', (task: LoadTask) => {
  void postOrders(task).then((posts) => process.send?.(posts, () => process.disconnect()));
});
process.once('disconnect', () => process.exit());
