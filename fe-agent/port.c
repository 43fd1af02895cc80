/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* port.c - AF_XDP through libxdp's rings; see port.h. */
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "fe-agent/port.h"

#ifndef SOL_XDP
#define SOL_XDP 283
#endif
/* Linux 6.17: frames per sendto, 32 before. */
#ifndef XDP_MAX_TX_SKB_BUDGET
#define XDP_MAX_TX_SKB_BUDGET 9
#endif

/* The kernel reaps the socket of an agent that was killed some milliseconds after its death. */
#define BIND_DEADLINE_MS 10000 /* until then it holds the queue: EBUSY */
#define MEMLOCK_DEADLINE_MS 2000 /* and its UMEM counts as locked memory: ENOBUFS */
#define PAUSE_MAX_MS 100

struct patience {
	unsigned int waited_ms, pause_ms;
};

/* Wait, longer each time; false when the deadline has passed. */
static bool wait_more(struct patience *p, unsigned int deadline_ms)
{
	if (p->waited_ms >= deadline_ms)
		return false;
	p->pause_ms = p->pause_ms ? p->pause_ms * 2 : 1;
	if (p->pause_ms > PAUSE_MAX_MS)
		p->pause_ms = PAUSE_MAX_MS;
	usleep(p->pause_ms * 1000);
	p->waited_ms += p->pause_ms;
	return true;
}

static int make_umem(struct pdp_port *port, uint32_t frames)
{
	size_t size = (size_t)frames << PDP_FRAME_SHIFT;
	struct xsk_umem_config conf = {
		.fill_size = frames / 2,
		.comp_size = PDP_TX_RING,
		.frame_size = PDP_FRAME_SIZE,
	};
	struct patience patience = {0};
	void *area;
	int rc;

	rc = pdp_pool_init(&port->umem.pool, frames);
	if (rc)
		return rc;
	area = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED) {
		rc = -errno;
		warn("no memory for %u frames, %zu KiB", frames, size / 1024);
		return rc;
	}
	port->umem.area = area;
	do {
		rc = xsk_umem__create(&port->xsk_umem, area, size, &port->fill, &port->completed,
				      &conf);
	} while (rc == -ENOBUFS && wait_more(&patience, MEMLOCK_DEADLINE_MS));
	if (rc == -ENOBUFS)
		warnx("UMEM of %zu KiB is over RLIMIT_MEMLOCK, which counts all of this host uid: "
		      "raise it, or use fewer --frames",
		      size / 1024);
	else if (rc == -EPERM)
		warnx("no AF_XDP socket: CAP_NET_RAW is missing in the user namespace that owns "
		      "this network namespace");
	else if (rc)
		warnx("no AF_XDP socket with a UMEM of %zu KiB: %s", size / 1024, strerror(-rc));
	return rc;
}

static int bind_socket(struct pdp_port *port, const struct pdp_port_conf *conf)
{
	struct xsk_socket_config xsk_conf = {
		.rx_size = conf->frames / 2,
		.tx_size = PDP_TX_RING,
		.libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
		.bind_flags = XDP_COPY | XDP_USE_NEED_WAKEUP,
	};
	struct patience patience = {0};
	int rc;

	do {
		rc = xsk_socket__create(&port->xsk, conf->dev, conf->queue, port->xsk_umem,
					&port->rx, &port->tx, &xsk_conf);
	} while (rc == -EBUSY && wait_more(&patience, BIND_DEADLINE_MS));
	if (rc == -EBUSY)
		warnx("%s queue %u: another AF_XDP socket has held it for %u ms; is a second agent "
		      "running?",
		      conf->dev, conf->queue, patience.waited_ms);
	else if (rc)
		warnx("%s queue %u: cannot bind an AF_XDP socket: %s", conf->dev, conf->queue,
		      strerror(-rc));
	else if (patience.waited_ms)
		warnx("%s queue %u: was busy for %u ms", conf->dev, conf->queue,
		      patience.waited_ms);
	return rc;
}

/* A frame of the device's MTU must fit into what a chunk has behind the headroom. */
static int check_mtu(const char *dev)
{
	const int most = PDP_FRAME_SIZE - PDP_FRAME_HEADROOM - ETH_HLEN;
	struct ifreq ifr = {0};
	int fd, rc = 0;

	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0); /* AF_XDP has no ioctl */
	if (fd < 0)
		return -errno;
	strncpy(ifr.ifr_name, dev, sizeof(ifr.ifr_name) - 1);
	if (ioctl(fd, SIOCGIFMTU, &ifr)) {
		rc = -errno;
		warn("%s: cannot read the MTU", dev);
	} else if (ifr.ifr_mtu > most) {
		rc = -EMSGSIZE;
		warnx("%s: MTU %d is over the %d that a chunk of %u bytes holds; lower it", dev,
		      ifr.ifr_mtu, most, PDP_FRAME_SIZE);
	}
	close(fd);
	return rc;
}

int pdp_port_open(struct pdp_port **out, const struct pdp_port_conf *conf)
{
	struct pdp_port *port = calloc(1, sizeof(*port)); /* libxdp counts on zeroed rings */
	unsigned int budget = PDP_TX_RING;
	int rc = -ENOMEM;

	if (!port)
		return rc;
	port->fd = -1;
	port->queue = conf->queue;
	strncpy(port->dev, conf->dev, sizeof(port->dev) - 1);
	port->ifindex = if_nametoindex(conf->dev);
	if (!port->ifindex) {
		rc = -errno;
		warn("no device %s in this network namespace", conf->dev);
		goto fail;
	}
	rc = check_mtu(conf->dev);
	if (rc)
		goto fail;
	rc = make_umem(port, conf->frames);
	if (rc)
		goto fail;
	pdp_port_refill(port);
	rc = bind_socket(port, conf);
	if (rc)
		goto fail;
	port->fd = xsk_socket__fd(port->xsk);
	/* Older kernels have no such option, and one more sendto per burst is all it costs. */
	setsockopt(port->fd, SOL_XDP, XDP_MAX_TX_SKB_BUDGET, &budget, sizeof(budget));
	*out = port;
	return 0;
fail:
	pdp_port_close(port);
	return rc;
}

void pdp_port_close(struct pdp_port *port)
{
	if (!port)
		return;
	xsk_socket__delete(port->xsk);
	xsk_umem__delete(port->xsk_umem);
	if (port->umem.area)
		munmap(port->umem.area, (size_t)port->umem.pool.total << PDP_FRAME_SHIFT);
	pdp_pool_fini(&port->umem.pool);
	free(port);
}

void pdp_port_refill(struct pdp_port *port)
{
	struct pdp_pool *pool = &port->umem.pool;
	uint32_t n = pool->count[PDP_FREE], room = xsk_prod_nb_free(&port->fill, n), idx;

	if (n > room)
		n = room;
	if (!n || xsk_ring_prod__reserve(&port->fill, n, &idx) != n)
		return;
	for (uint32_t i = 0; i < n; i++) {
		uint64_t addr;

		pdp_pool_take(pool, PDP_FILL, &addr);
		*xsk_ring_prod__fill_addr(&port->fill, idx + i) = addr;
	}
	xsk_ring_prod__submit(&port->fill, n);
}

unsigned int pdp_port_receive(struct pdp_port *port, struct xdp_desc *rx, unsigned int n)
{
	uint32_t idx;

	n = xsk_ring_cons__peek(&port->rx, n, &idx);
	for (unsigned int i = 0; i < n; i++)
		rx[i] = *xsk_ring_cons__rx_desc(&port->rx, idx + i);
	if (n)
		xsk_ring_cons__release(&port->rx, n);
	return n;
}

unsigned int pdp_port_waiting(const struct pdp_port *port)
{
	return __atomic_load_n(port->rx.producer, __ATOMIC_RELAXED) - port->rx.cached_cons;
}

unsigned int pdp_port_room(struct pdp_port *port)
{
	return xsk_prod_nb_free(&port->tx, PDP_TX_RING);
}

void pdp_port_send(struct pdp_port *port, const struct xdp_desc *tx, unsigned int n)
{
	uint32_t idx;

	if (!n || xsk_ring_prod__reserve(&port->tx, n, &idx) != n)
		return;
	for (unsigned int i = 0; i < n; i++)
		*xsk_ring_prod__tx_desc(&port->tx, idx + i) = tx[i];
	xsk_ring_prod__submit(&port->tx, n);
}

unsigned int pdp_port_pending(const struct pdp_port *port)
{
	return port->tx.cached_prod - __atomic_load_n(port->tx.consumer, __ATOMIC_ACQUIRE);
}

int pdp_port_kick(struct pdp_port *port, struct pdp_agent_stats *stats)
{
	stats->tx_kicks++;
	if (sendto(port->fd, NULL, 0, MSG_DONTWAIT, NULL, 0) >= 0)
		return 0;
	switch (errno) {
	case EBUSY:
		stats->drop_tx_lost++;
		return -EAGAIN;
	case ENETDOWN:
	case ENXIO:
		return -errno;
	default: /* EAGAIN; ENOBUFS, ENOMEM: the kernel is short of memory, the frame is kept */
		return -EAGAIN;
	}
}

void pdp_port_reclaim(struct pdp_port *port, struct pdp_agent_stats *stats)
{
	uint32_t idx, n = xsk_ring_cons__peek(&port->completed, PDP_TX_RING, &idx);

	if (!n)
		return;
	for (uint32_t i = 0; i < n; i++) {
		uint64_t addr = *xsk_ring_cons__comp_addr(&port->completed, idx + i);

		if (pdp_pool_move(&port->umem.pool, addr, PDP_TX, PDP_FREE))
			stats->tx_packets++;
		else
			stats->drop_bad_desc++;
	}
	xsk_ring_cons__release(&port->completed, n);
}

bool pdp_port_gone(const struct pdp_port *port)
{
	int error = 0;
	socklen_t len = sizeof(error);

	return getsockopt(port->fd, SOL_SOCKET, SO_ERROR, &error, &len) || error == ENETDOWN;
}

void pdp_port_look(const struct pdp_port *port, struct pdp_agent_stats *stats)
{
	const struct pdp_pool *pool = &port->umem.pool;
	struct xdp_statistics xs = {0};
	socklen_t len = sizeof(xs);

	if (!getsockopt(port->fd, SOL_XDP, XDP_STATISTICS, &xs, &len)) {
		stats->kernel_rx_dropped = xs.rx_dropped;
		stats->kernel_rx_ring_full = xs.rx_ring_full;
		stats->kernel_rx_fill_empty = xs.rx_fill_ring_empty_descs;
		stats->kernel_tx_invalid = xs.tx_invalid_descs;
	}
	stats->frames_total = pool->total;
	stats->frames_free = pool->count[PDP_FREE];
	stats->frames_fill = pool->count[PDP_FILL];
	stats->frames_tx = pool->count[PDP_TX];
}
