# Tests of links between daemons.
meseta_test(link_core_tests
  credentials_test.cc dial_core_test.cc envelope_codec_test.cc frame_codec_test.cc link_auth_test.cc link_core_test.cc
  send_queue_test.cc
  DEPS meseta_link_core)
meseta_test(link_transport_tests
  link_transport_test.cc support/link_server.cc support/raw_peer.cc
  DEPS meseta_net meseta_http LABELS integration threads TIMEOUT 300)
