"""The application: routes around one shop."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from prometheus_client import CONTENT_TYPE_LATEST

from shop_api import catalogue_routes, order_routes
from shop_api.shop import CurrentShop, Shop
from shop_models.catalogue import UnknownProduct
from shop_settings.settings import Settings
from shop_telemetry.traces import tracer_provider


def create_app(settings: Settings) -> FastAPI:
    shop = Shop.open(settings)
    traces = tracer_provider("shop-api", otlp_endpoint=settings.otlp_endpoint)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        traces.shutdown()
        shop.close()

    app = FastAPI(title="Shopfront", lifespan=lifespan)
    app.state.shop = shop
    app.include_router(catalogue_routes.router)
    app.include_router(order_routes.router)
    app.add_api_route("/healthz", healthz)
    app.add_api_route("/metrics", metrics)
    app.add_exception_handler(UnknownProduct, unknown_product)
    FastAPIInstrumentor.instrument_app(app, tracer_provider=traces, excluded_urls="healthz,metrics")
    return app


def healthz(shop: CurrentShop) -> dict[str, int | str]:
    return {"status": "ok", "products": len(shop.catalogue), "orders": shop.orders.count()}


async def metrics(shop: CurrentShop) -> Response:
    return Response(shop.metrics.text(), media_type=CONTENT_TYPE_LATEST)


async def unknown_product(request: Request, error: Exception) -> Response:
    return JSONResponse({"detail": str(error)}, status_code=404)
