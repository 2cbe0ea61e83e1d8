"""The billing service as another language sees it: what it is comes from its reflection, no generated code."""
import grpc
from google.protobuf import message_factory
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

SERVICE = "millrace.billing.v1.Billing"


class Billing:
    """Calls by name, requests as dictionaries, by what the server says of itself."""

    def __init__(self, address):
        self.address, self.channel = address, grpc.insecure_channel(address)
        self.reflection = ProtoReflectionDescriptorDatabase(self.channel)
        self.service = DescriptorPool(self.reflection).FindServiceByName(SERVICE)

    def call(self, name, **request):
        method = self.service.methods_by_name[name]
        kind, answer = (message_factory.GetMessageClass(d) for d in (method.input_type, method.output_type))
        make = self.channel.unary_stream if method.server_streaming else self.channel.unary_unary
        call = make(f"/{SERVICE}/{name}", request_serializer=kind.SerializeToString, response_deserializer=answer.FromString)
        got = call(kind(**request), timeout=20)
        return list(got) if method.server_streaming else got

    def outcome(self, response):
        return response.DESCRIPTOR.fields_by_name["outcome"].enum_type.values_by_number[response.outcome].name
