// The IP router that PdP is measured against, for user-mode Click: what RFC 1812 asks of a router, between the
// ports ethA (192.0.2.1) and ethB (198.51.100.1) of net/figure6.sh. Given on the command line: ETHA, ETHB, S0, D0,
// the MAC addresses of the ports and of the hosts' ends.

define($ETHA 0:0:0:0:0:0, $ETHB 0:0:0:0:0:0, $S0 0:0:0:0:0:0, $D0 0:0:0:0:0:0)

// What a port does with packets for it: bursts from and to a packet socket.
elementclass Port { $dev, $own, $peer |
	FromDevice($dev, METHOD LINUX, SNIFFER true, BURST 32, PROMISC false)
		-> kind :: Classifier(12/0800, -)
		-> output;
	kind[1] -> Discard;
	input -> EtherEncap(0x0800, $own, $peer) -> Queue(1024) -> ToDevice($dev, METHOD LINUX, BURST 32);
}

// Out of a port: $address is the router's there, $color the paint of what came in by it.
elementclass Out { $address, $color |
	input -> DropBroadcasts
		-> back :: PaintTee($color)
		-> options :: IPGWOptions($address)
		-> FixIPSrc($address)
		-> ttl :: DecIPTTL
		-> large :: IPFragmenter(1500)
		-> output;
	back[1] -> ICMPError($address, redirect, host) -> [1] output;
	options[1] -> ICMPError($address, parameterproblem) -> [1] output;
	ttl[1] -> ICMPError($address, timeexceeded) -> [1] output;
	large[1] -> ICMPError($address, unreachable, needfrag) -> [1] output;
}

a :: Port(ethA, $ETHA, $S0);
b :: Port(ethB, $ETHB, $D0);

routes :: RadixIPLookup(192.0.2.1/32 2, 198.51.100.1/32 2, 192.0.2.0/24 0, 198.51.100.0/24 1, 0.0.0.0/0 2);

a -> Paint(1) -> ip :: Strip(14) -> CheckIPHeader -> GetIPAddress(16) -> routes;
b -> Paint(2) -> ip;

routes[0] -> toa :: Out(192.0.2.1, 1) -> a;
routes[1] -> tob :: Out(198.51.100.1, 2) -> b;
routes[2] -> Discard;
toa[1] -> routes;
tob[1] -> routes;

Script(print "click is forwarding");
