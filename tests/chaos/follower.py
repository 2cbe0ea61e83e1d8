"""Reads topics on from where it stopped: what was committed since."""
import time
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from demo import until
from witness import consumer


class Follower:
    """`at`: where the next read() begins, by (topic, partition)."""

    def __init__(self, broker, topics):
        self.broker, self.topics = broker, topics
        reader = consumer(broker)
        known = reader.list_topics(timeout=20).topics
        reader.close()
        self.at = {(topic, partition): 0 for topic in topics for partition in known[topic].partitions}

    def settled(self):
        """Whether no transaction is open in the topics: then all that was sent is committed or aborted."""
        try:
            return self.ends("read_committed") == self.ends("read_uncommitted")
        except KafkaException:  # a broker that has just been started
            return False

    def ends(self, isolation):
        reader = Consumer({"bootstrap.servers": self.broker, "group.id": "witness", "isolation.level": isolation})
        try:
            return {at: reader.get_watermark_offsets(TopicPartition(*at), timeout=20)[1] for at in self.at}
        finally:
            reader.close()

    def read(self):
        """The new records of all partitions, up to the ends that they have now; waits until no transaction is open."""
        until(f"no transaction is open in {self.topics}", self.settled, 90, 0.3)
        records, ends, end = [], {}, time.monotonic() + 90
        reader = consumer(self.broker)
        try:
            reader.assign([TopicPartition(*at, offset) for at, offset in self.at.items()])
            while len(ends) < len(self.at):
                for message in reader.consume(5000, 0.1):
                    if message.error() is None:
                        records.append(message)
                    elif message.error().code() == KafkaError._PARTITION_EOF:
                        ends[message.topic(), message.partition()] = message.offset()
                    elif not message.error().retriable() and message.error().code() not in (KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN):
                        raise AssertionError(message.error())
                assert time.monotonic() < end, f"{self.topics} can't be read"
        finally:
            reader.close()
        self.at = ends
        return records
