#pragma once
// contracts/proto/millrace/billing/v1/billing.proto over a ledger: reads requests, calls, writes answers.

#include <millrace/billing/v1/billing.grpc.pb.h>

#include "services/billing/ledger.h"
#include "services/billing/ledger_reader.h"

namespace millrace::billing {

// Called on the server's threads, several at once. Ledger and reader outlive it.
class BillingRpc final : public v1::Billing::Service {
 public:
  BillingRpc(Ledger& ledger, LedgerReader& reader) : ledger_(ledger), reader_(reader) {}

  ::grpc::Status ApplyPlan(::grpc::ServerContext* context, const v1::ApplyPlanRequest* request, v1::ApplyPlanResponse* response) override;
  ::grpc::Status DeclareSkip(::grpc::ServerContext* context, const v1::DeclareSkipRequest* request, v1::DeclareSkipResponse* response) override;
  ::grpc::Status CloseMonth(::grpc::ServerContext* context, const v1::CloseMonthRequest* request, v1::CloseMonthResponse* response) override;
  ::grpc::Status Usage(::grpc::ServerContext* context, const v1::UsageRequest* request, ::grpc::ServerWriter<v1::UsageRow>* writer) override;
  ::grpc::Status Statement(::grpc::ServerContext* context, const v1::StatementRequest* request, ::grpc::ServerWriter<v1::StatementPiece>* writer) override;
  ::grpc::Status Explain(::grpc::ServerContext* context, const v1::ExplainRequest* request, ::grpc::ServerWriter<v1::ExplainPiece>* writer) override;
  ::grpc::Status Adjustments(::grpc::ServerContext* context, const v1::AdjustmentsRequest* request, ::grpc::ServerWriter<v1::Adjustment>* writer) override;
  ::grpc::Status Watermarks(::grpc::ServerContext* context, const v1::WatermarksRequest* request, v1::WatermarksResponse* response) override;

 private:
  Ledger& ledger_;
  LedgerReader& reader_;
};

}  // namespace millrace::billing
