"""Confluent's own Python client and serialisers against `millrace registry`: what producers bring with them works unchanged."""
import json
import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.serialization import MessageField, SerializationContext


def order(*fields):
    return json.dumps({"type": "record", "name": "Order", "namespace": "shop", "fields": [{"name": "id", "type": "string"}, *fields]})


ORDER = order()
WITH_NOTE = order({"name": "note", "type": ["null", "string"], "default": None})
WITHOUT_DEFAULT = order({"name": "amount", "type": "long"})


@pytest.fixture
def demo(make_demo):
    return make_demo("--only", "broker,registry", "--no-load", "--quiet")


@pytest.fixture
def client(demo):
    return SchemaRegistryClient({"url": demo.address("registry")})


def refused(act):
    with pytest.raises(SchemaRegistryError) as raised:
        act()
    return raised.value.http_status_code, raised.value.error_code


def test_confluents_client_registers_finds_and_is_refused(client, demo):
    first = client.register_schema("order-value", Schema(ORDER, "AVRO"))
    assert client.register_schema("order-value", Schema(ORDER, "AVRO")) == first, "the same schema is the same version"
    assert client.register_schema("order-copy-value", Schema(ORDER, "AVRO")) == first, "and the same id under another subject"
    second = client.register_schema("order-value", Schema(WITH_NOTE, "AVRO"))
    assert second > first
    assert {"order-copy-value", "order-value"} <= set(client.get_subjects())
    assert client.get_versions("order-value") == [1, 2]
    assert client.get_latest_version("order-value").schema_id == second
    assert client.get_version("order-value", 1).schema_id == first
    assert client.lookup_schema("order-value", Schema(WITH_NOTE, "AVRO")).version == 2
    assert json.loads(client.get_schema(first).schema_str) == json.loads(ORDER)

    assert client.get_compatibility() == "BACKWARD"
    assert not client.test_compatibility("order-value", Schema(WITHOUT_DEFAULT, "AVRO"))
    assert refused(lambda: client.register_schema("order-value", Schema(WITHOUT_DEFAULT, "AVRO"))) == (409, 409)
    assert refused(lambda: client.register_schema("order-value", Schema('{"type": "recrod"}', "AVRO"))) == (422, 42201)
    assert refused(lambda: SchemaRegistryClient({"url": demo.address("registry")}).get_schema(99999)) == (404, 40403)
    assert refused(lambda: client.get_latest_version("nobody-value")) == (404, 40401)
    assert refused(lambda: client.get_version("order-value", 99)) == (404, 40402)

    client.set_compatibility(subject_name="order-value", level="NONE")
    assert client.get_compatibility("order-value") == "NONE"
    assert client.register_schema("order-value", Schema(WITHOUT_DEFAULT, "AVRO")) > second

    demo.do("registry", "kill")
    demo.do("registry", "start")
    again = SchemaRegistryClient({"url": demo.address("registry")})
    assert again.get_versions("order-value") == [1, 2, 3] and again.get_version("order-value", 1).schema_id == first


def test_confluents_serialisers_write_and_read(client):
    context = SerializationContext("order", MessageField.VALUE)
    written = AvroSerializer(client, ORDER)({"id": "o-1"}, context)
    assert written[0] == 0 and int.from_bytes(written[1:5], "big") == client.get_latest_version("order-value").schema_id
    assert AvroDeserializer(client, WITH_NOTE)(written, context) == {"id": "o-1", "note": None}
