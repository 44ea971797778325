/** What a contestant is told of its servers. @throws where it is not */
export function fromEnvironment(name: 'DATABASE_URL' | 'AMQP_URL' | 'TEMPORAL_ADDRESS'): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set.`);
  return value;
}
