import { orders, read, type Instance } from '../api/client';
import { useLoad } from '../api/use-load';
import { useConsole } from '../console-context';
import { formatAge, formatTime } from '../format/time';
import { LoadState } from '../parts/load-state';
import { Status } from '../parts/status';
import { Table } from '../parts/table';
import { countBuilds } from './count-builds';
import { RELOAD_EVERY_MS } from './reload-every';
import type { Service } from './service';

/** The instances of a service, and how each of them sees its dependencies. */
export function InstancesSection({ service }: { service: Service }) {
  const { payments } = useConsole();
  const loaded = useLoad(
    `instances ${service}`,
    (signal): Promise<Instance[]> =>
      service === 'order-management'
        ? read(orders.GET('/orderManagement/instances', { signal }))
        : read(payments.GET('/paymentProcessing/instances', { signal })),
    RELOAD_EVERY_MS,
  );
  const id = `instances-${service}`;
  return (
    <section class="panel" aria-labelledby={id}>
      <h2 id={id}>Instances of {service}</h2>
      <LoadState loaded={loaded} what="instances">
        {(instances) => (
          <>
            {countBuilds(instances) > 1 && (
              <p class="note">The instances run different builds. This is normal only during an update.</p>
            )}
            {instances.length === 0 && <p class="empty">No instance has reported within the last hour.</p>}
            {instances.length > 0 && (
              <Table name={`instances of ${service}`} isCards>
                <thead>
                  <tr>
                    <th scope="col">Instance</th>
                    <th scope="col">State</th>
                    <th scope="col">Dependencies</th>
                    <th scope="col">Build</th>
                    <th scope="col">Running for</th>
                    <th scope="col">Reported</th>
                  </tr>
                </thead>
                <tbody>
                  {instances.map((instance) => (
                    <tr key={instance.instanceId}>
                      <th scope="row" data-label="Instance">
                        {instance.host}, process {instance.processId}
                      </th>
                      <td data-label="State">
                        <Status value={instance.state} />
                      </td>
                      <td data-label="Dependencies">
                        {Object.entries(instance.checks)
                          .map(([name, state]) => `${name}: ${state}`)
                          .join(', ')}
                      </td>
                      <td data-label="Build">
                        <code>{instance.buildId}</code>
                      </td>
                      <td data-label="Running for">
                        <span>
                          {formatAge(instance.startedAt)}{' '}
                          <span class="muted">since {formatTime(instance.startedAt)}</span>
                        </span>
                      </td>
                      <td data-label="Reported">{formatAge(instance.reportedAt)} ago</td>
                    </tr>
                  ))}
                </tbody>
              </Table>
            )}
          </>
        )}
      </LoadState>
    </section>
  );
}
