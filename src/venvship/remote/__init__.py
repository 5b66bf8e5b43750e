"""The client of the Remote Execution API (REAPI v2).

The only package that may import gRPC; nothing imports it unless an endpoint is configured."""
