import { postOrders, type LoadTask } from './load';

// The load client as a child process: executes one task from the parent, sends the result and exits. Exits, too, if the
// parent ends.
process.once('message', (task: LoadTask) => {
  void postOrders(task).then((posts) => process.send?.(posts, () => process.disconnect()));
});
process.once('disconnect', () => process.exit());
