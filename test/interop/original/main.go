// Runs the message handler of the original payment service on a broker of the test. The original's own main function
// always connects to port 5672 and to the default virtual host.
package main

import (
	"log"
	"os"
	"strconv"

	"github.com/sobystanly/tucows-interview/amqp"
	"github.com/sobystanly/tucows-interview/payment-processing/process"
)

func main() {
	port, err := strconv.ParseUint(os.Getenv("AMQP_PORT"), 10, 16)
	if err != nil {
		log.Fatal(err)
	}
	broker := &amqp.Broker{}
	handler := process.NewProcess(broker)
	err = broker.SetupBroker(
		[]amqp.Exchange{amqp.ExchangeWithDefaults(process.PaymentProcessing, "")},
		[]amqp.Queue{{
			Name:      process.ProcessPayment,
			Durable:   true,
			Bindings:  []amqp.Binding{amqp.BindingWithDefaults(process.ProcessPayment, process.PaymentProcessing)},
			Consumers: []amqp.Consumer{amqp.ConsumerWithDefaults(false, handler.ProcessAMQPMsg)},
		}},
		amqp.Address(os.Getenv("AMQP_HOST"), uint16(port)),
		amqp.Vhost(os.Getenv("AMQP_VIRTUAL_HOST")),
	)
	if err != nil {
		log.Fatal(err)
	}
	select {}
}
