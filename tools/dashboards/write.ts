import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dashboardFiles } from './dashboard-files';

/** Implements `make dashboards`: writes the dashboards that Grafana loads. */
const FOLDER = join(__dirname, '../../../deploy/observability/dashboards');

mkdirSync(FOLDER, { recursive: true });
for (const [name, content] of dashboardFiles()) {
  writeFileSync(join(FOLDER, name), content);
  process.stdout.write(`deploy/observability/dashboards/${name}\n`);
}
