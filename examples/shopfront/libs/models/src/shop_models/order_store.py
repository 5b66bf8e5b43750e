"""Orders in a relational database; money is kept as text, for SQLite has no decimals."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import ClassVar, Self

from sqlalchemy import Dialect, Engine, ForeignKey, String, create_engine, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship
from sqlalchemy.pool import QueuePool
from sqlalchemy.types import TypeDecorator

from shop_models.order import Order, OrderLine


class MoneyText(TypeDecorator[Decimal]):
    impl = String(16)
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


class Base(DeclarativeBase):
    type_annotation_map: ClassVar = {Decimal: MoneyText}


class OrderRow(Base):
    __tablename__ = "orders"

    number: Mapped[int] = mapped_column(primary_key=True)
    customer: Mapped[str] = mapped_column(index=True)
    placed_at: Mapped[datetime]
    shipping: Mapped[Decimal]
    total: Mapped[Decimal]
    lines: Mapped[list[OrderLineRow]] = relationship(cascade="all, delete-orphan", order_by="OrderLineRow.position")


class OrderLineRow(Base):
    __tablename__ = "order_lines"

    order_number: Mapped[int] = mapped_column(ForeignKey("orders.number"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    sku: Mapped[str]
    title: Mapped[str]
    quantity: Mapped[int]
    net: Mapped[Decimal]
    vat: Mapped[Decimal]


class OrderStore:
    """The orders of one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, url: str) -> Self:
        """Open the database at `url`; make its tables if they are missing."""
        if url in ("sqlite://", "sqlite:///:memory:"):
            # A database in memory lives as long as its connection: there is one, and threads wait for it.
            engine = create_engine(
                url, poolclass=QueuePool, pool_size=1, max_overflow=0, connect_args={"check_same_thread": False}
            )
        else:
            engine = create_engine(url)
        Base.metadata.create_all(engine)
        return cls(engine)

    def close(self) -> None:
        self._engine.dispose()

    def add(
        self, *, customer: str, placed_at: datetime, lines: Sequence[OrderLine], shipping: Decimal, total: Decimal
    ) -> Order:
        """Keep an order and give it the next number."""
        with Session(self._engine) as session, session.begin():
            row = OrderRow(
                customer=customer,
                placed_at=placed_at.astimezone(UTC).replace(tzinfo=None),
                shipping=shipping,
                total=total,
            )
            row.lines = [
                OrderLineRow(position=position, **line.model_dump()) for position, line in enumerate(lines, start=1)
            ]
            session.add(row)
            session.flush()
            return _order(row)

    def get(self, number: int) -> Order | None:
        with Session(self._engine) as session:
            row = session.get(OrderRow, number)
            return None if row is None else _order(row)

    def orders(self, *, customer: str | None = None) -> tuple[Order, ...]:
        """The orders by number, of one customer or of all."""
        query = select(OrderRow).order_by(OrderRow.number)
        if customer is not None:
            query = query.where(OrderRow.customer == customer)
        with Session(self._engine) as session:
            return tuple(_order(row) for row in session.scalars(query))

    def count(self) -> int:
        with Session(self._engine) as session:
            return session.scalar(select(func.count()).select_from(OrderRow)) or 0


def _order(row: OrderRow) -> Order:
    return Order(
        number=row.number,
        customer=row.customer,
        placed_at=row.placed_at.replace(tzinfo=UTC),
        lines=tuple(
            OrderLine(sku=line.sku, title=line.title, quantity=line.quantity, net=line.net, vat=line.vat)
            for line in row.lines
        ),
        shipping=row.shipping,
        total=row.total,
    )
